-- LUA_INIT_5_4 is used instead of LUA_INIT.
--! same-as-lua
--! env LUA_INIT=print("never")
--! env LUA_INIT_5_4=print("versioned")
print("script")
--> versioned
--> script
