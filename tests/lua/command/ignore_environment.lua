-- -E ignores LUA_INIT and LUA_PATH.
--! same-as-lua
--! options -E
--! env LUA_INIT=print("never")
--! env LUA_PATH=from_the_environment
print(package.path:find("from_the_environment"))   --> nil
