-- LUA_PATH and LUA_CPATH set the search paths; ";;" stands for the default.
--! same-as-lua
--! env LUA_PATH=first/?.lua;;
--! env LUA_CPATH=./?.so
print(package.path, package.cpath)
print((package.path:gsub(";.*", "")), package.cpath)
