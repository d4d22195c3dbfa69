-- An error in a finalizer is a warning; the collection and the script go on.
--! same-as-lua
--! stderr Lua warning: error in __gc
warn("@on")
setmetatable({}, { __gc = function() error("first", 0) end })
collectgarbage()
setmetatable({}, { __gc = function() error({}) end })
collectgarbage()
setmetatable({}, { __gc = function() error() end })
collectgarbage()
print("still here")      --> still here
atexit = setmetatable({}, { __gc = function() error("at exit", 0) end })
