-- coroutine.close runs the pending to-be-closed variables, last first, and the coroutine is dead then.
--! same-as-lua
local function tbc(name)
  return setmetatable({}, { __close = function(_, e) print("close", name, e) end })
end
local co = coroutine.create(function()
  local a <close> = tbc("a")
  local b <close> = tbc("b")
  for _ in function() return 1 end, nil, nil, tbc("iterator") do
    coroutine.yield("parked")
  end
end)
print(coroutine.resume(co))      --> true parked
print(coroutine.close(co))
--> close iterator nil
--> close b nil
--> close a nil
--> true
print(coroutine.status(co), coroutine.close(co)) --> dead true
print(coroutine.resume(co))      --> false cannot resume dead coroutine
