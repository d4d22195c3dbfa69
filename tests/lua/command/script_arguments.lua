-- Arguments that look like options belong to the script.
--! same-as-lua
--! args -v --help -e "two words" --
print(#arg, ...)   --> 5 -v --help -e two words --
