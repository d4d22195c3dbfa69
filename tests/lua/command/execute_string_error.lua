-- An error in -e ends the command with 1; neither later options nor the script run.
--! same-as-lua
--! options -e "error('in the string')" -e "print('never')"
--! exit 1
--! stderr \(command line\):1: in the string
print("never")
