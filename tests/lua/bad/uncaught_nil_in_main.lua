-- An uncaught error(nil) in a main script with other Gs is reported by its type.
--! exit 1
--! stderr ^trilune: \(error object is a nil value\)$
local tri = require "trilune"
tri.go(tri.sleep, 1000)
tri.yield()
error()
