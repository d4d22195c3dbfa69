-- LUA_INIT=@file with a missing file is an error.
--! same-as-lua
--! env LUA_INIT=@no_such_file
--! exit 1
--! stderr cannot open no_such_file
print("never")
