-- The traceback of an uncaught error in main after waits is the one of stock Lua.
--! exit 1
--! stderr ^trilune: uncaught_error_after_a_wait.lua:9: boom\nstack traceback:\n\t\[C\]: in function 'error'\n\tuncaught_error_after_a_wait.lua:9: in (upvalue|local) 'inner'\n\tuncaught_error_after_a_wait.lua:12: in local 'outer'\n\tuncaught_error_after_a_wait.lua:15: in main chunk\n\t\[C\]: in \?\n\Z
local tri = require "trilune"
local ch = tri.chan()
tri.go(ch.send, ch, 1)
local function inner()
  ch:recv()
  error("boom")
end
local function outer()
  inner()
  return 1
end
outer()
