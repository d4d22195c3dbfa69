-- An uncaught error in a locked main script.
--! exit 1
--! stderr ^trilune: main_fails_locked.lua:5: on purpose$
local tri = require "trilune" tri.lockthread() tri.yield()
error("on purpose")
