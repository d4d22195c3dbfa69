-- select refuses what is not a list of cases and names the argument.
local tri = require "trilune"
local ch = tri.chan()
local bad = {
  { "no table", 1 }, { "nothing", nil }, { "a channel", ch },
  { "a case that is no table", { 1 } }, { "a case that is a channel", { ch } },
  { "a case of a string", { { "ch" } } }, { "a case of a number", { { 5 } } },
  { "an unknown operation", { { ch, "receive" } } }, { "an operation that is no string", { { ch, 1, 2 } } },
  { "default with timeout", { { ch }, default = true, timeout = 1 } },
  { "a negative timeout", { { ch }, timeout = -1 } }, { "a NaN timeout", { { ch }, timeout = 0 / 0 } },
  { "a timeout of a string", { { ch }, timeout = "soon" } },
}
for _, case in ipairs(bad) do
  local ok, m = pcall(tri.select, case[2])
  if ok or not m:find("bad argument #1 to '[%w.]*select'") then print(case[1], ok, m) end
end
print(#bad, ch:tryrecv())   --> 13 false
