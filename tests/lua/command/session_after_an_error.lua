-- With -i an error in the script ends the command: there is no session.
--! same-as-lua
--! options -i
--! stdin print("never")\n
--! exit 1
--! stderr in the script
error("in the script")
