-- The __tostring of an uncaught error object may wait.
--! exit 1
--! stderr shown after a wait
local tri = require "trilune"
error(setmetatable({}, { __tostring = function()
  tri.sleep(0.001)
  return "shown after a wait"
end }))
