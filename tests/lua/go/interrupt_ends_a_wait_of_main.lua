-- An interrupt (Ctrl-C) ends a wait of the main script with "interrupted!".
--! exit 1
--! stderr interrupted!
local tri = require "trilune"
tri.go(function()
  tri.sleep(0.02)
  io.popen("kill -INT $PPID"):close()
  tri.sleep(1000)
end)
local t <close> = setmetatable({}, { __close = function() print("closed") end })  --> closed
tri.sleep(1000)
