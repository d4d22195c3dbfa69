-- LUA_INIT runs before all else, and not as a part of the script.
--! same-as-lua
--! env LUA_INIT=print("init", arg[0]); local hidden = 1; shown = 2
--! options -e "print('option')"
print(hidden, shown)
--> init init_string.lua
--> option
--> nil 2
