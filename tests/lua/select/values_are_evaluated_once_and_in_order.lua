-- What stands in the cases is evaluated once, in order, whichever case runs.
local tri = require "trilune"
local log = {}
local function note(name, v) log[#log + 1] = name return v end
local a, b = tri.chan(1), tri.chan(1)
tri.select {
  { note("a", a), "send", note("value a", 1) },
  { note("nil", nil), "send", note("unused", 2) },
  { note("b", b), "send", note("value b", 3) },
}
print(table.concat(log, ", "))   --> a, value a, nil, unused, b, value b
print(#a + #b)                   --> 1
--! both-channels
