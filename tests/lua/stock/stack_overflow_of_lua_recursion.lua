-- Endless Lua recursion raises "stack overflow", catchable again and again.
--! same-as-lua
local function f(n) return 1 + f(n + 1) end
for _ = 1, 3 do
  local ok, m = pcall(f, 1)
  print(ok, m:match("stack overflow"), #m < 400)      --> false stack overflow true
--> false stack overflow true
--> false stack overflow true
end
print(coroutine.resume(coroutine.create(function()
  local ok, m = pcall(f, 1)
  return ok, m:match("stack overflow")                --> true false stack overflow
end)))
