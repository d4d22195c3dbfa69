-- An error in LUA_INIT is reported under its name and nothing else runs.
--! same-as-lua
--! env LUA_INIT_5_4=error("in init")
--! exit 1
--! stderr LUA_INIT_5_4:1: in init
print("never")
