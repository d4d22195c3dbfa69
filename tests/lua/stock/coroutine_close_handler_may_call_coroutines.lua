-- A close handler run by coroutine.close can resume, wrap and close other coroutines.
--! same-as-lua
local other = coroutine.create(function()
  local t <close> = setmetatable({}, { __close = function() print("other closed") end })
  coroutine.yield("other parked")
end)
local co = coroutine.create(function()
  local t <close> = setmetatable({}, { __close = function()
    print(coroutine.resume(other))
    for v in coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) do print(v) end
    print(coroutine.close(other))
    print(coroutine.isyieldable(), select(2, coroutine.running()))
  end })
  coroutine.yield()
end)
coroutine.resume(co)
print(coroutine.close(co))
--> true other parked
--> 1
--> 2
--> other closed
--> true
--> false false
--> true
