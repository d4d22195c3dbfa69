-- A module that is neither function nor table with main, fails, or is not there.
local tri = require "trilune"
local function try(name)
  local ok, e, trace = tri.spawn(name):join()
  print(ok, (e:gsub("\n.*", "")), type(trace))
end
try "lib.returns_number"       --> false cannot run module 'lib.returns_number': it returned a number, not a function or a table with 'main' string
try "lib.returns_empty_table"  --> false cannot run module 'lib.returns_empty_table': its table has no function 'main' string
try "lib.fails"                --> false ./lib/fails.lua:1: while loading string
try "lib.nowhere"              --> false module 'lib.nowhere' not found: string
