-- os.exit in a finalizer ends the program with its status.
--! same-as-lua
--! exit 6
setmetatable({}, { __gc = function() print("in the finalizer") os.exit(6) end })
collectgarbage()
print("not reached")
--> in the finalizer
