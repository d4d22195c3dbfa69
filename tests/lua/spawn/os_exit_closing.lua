-- os.exit(true, true) closes the isolates first.
local tri = require "trilune"
setmetatable({}, { __gc = function() print("finalized") end })   --> finalized
tri.spawn(function() os.exit(true, true) end)
tri.sleep(1000)
