-- "--" ends the options: what follows is the script, even if it begins with a dash.
--! same-as-lua
--! options -e x=1 --
--! args -e "print('never')"
print(x, ...)   --> 1 -e print('never')
