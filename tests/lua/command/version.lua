-- -v prints the version of Lua before all else.
--! same-as-lua
--! options -v
print("script", _VERSION)
--> Lua 5.4.4 Copyright (C) 1994-2022 Lua.org, PUC-Rio
--> script Lua 5.4
