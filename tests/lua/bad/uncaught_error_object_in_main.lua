-- An uncaught error object in the main script is reported as stock reports it, Gs or not.
--! exit 1
--! stderr ^trilune: what it says$
local tri = require "trilune"
tri.go(tri.sleep, 1000)
tri.yield()
error(setmetatable({}, { __tostring = function() return "what it says" end }))
