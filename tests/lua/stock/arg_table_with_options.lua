-- Options before the script stand at negative indices of arg.
--! same-as-lua
--! options -W -e local_x=1
--! args a
print(arg[-3], arg[-2], arg[-1], arg[0], arg[1], arg[2])
--> -W -e local_x=1 arg_table_with_options.lua a nil
print(type(arg[-4]), arg[-5], local_x)   --> string nil 1
