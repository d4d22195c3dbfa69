-- A new coroutine inherits its creator's hook; hooks set later belong to one coroutine each.
--! same-as-lua
local seen = {}
local function hook(_, line) seen[#seen + 1] = line end
local before = coroutine.create(function()
  local a = 1
  coroutine.yield()
  local b = 2
end)
debug.sethook(hook, "l")
local inherits = coroutine.create(function()
  local a = 1
end)
debug.sethook()
coroutine.resume(before)
coroutine.resume(inherits)
print(debug.gethook() == nil, debug.gethook(inherits) == hook, debug.gethook(before))
debug.sethook(before, hook, "l")
coroutine.resume(before)
print(select(2, debug.gethook(before)), debug.gethook(before) == hook)
debug.sethook(before)
print(debug.gethook(before))
print(table.concat(seen, " "))
