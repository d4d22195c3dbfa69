-- Call and return hooks see calls, tail calls and returns, from C functions too.
--! same-as-lua
local events = {}
local function record(event)
  local i = debug.getinfo(2, "nS")
  events[#events + 1] = event .. ":" .. i.what .. ":" .. tostring(i.name)
end
local function leaf() return 1 end
local function tail() return leaf() end
local function branch()
  local n = leaf()
  local s = string.rep("x", 2)
  local ok = pcall(leaf)
  return tail()
end
debug.sethook(record, "cr")
branch()
coroutine.wrap(leaf)()
debug.sethook()
print(table.concat(events, "\n"))
