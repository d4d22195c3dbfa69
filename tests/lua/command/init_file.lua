-- LUA_INIT=@file runs a file.
--! same-as-lua
--! env LUA_INIT=@/dev/stdin
--! stdin print("from the file")
print("script")
--> from the file
--> script
