-- Finalizers run in the reverse order of their marking, once, and may bring an object back.
--! same-as-lua
local order, saved = {}, nil
for i = 1, 5 do
  local o = setmetatable({ i }, { __gc = function(o) order[#order + 1] = o[1]; if o[1] == 3 then saved = o end end })
end
collectgarbage()
print(table.concat(order, " "), saved[1])      --> 5 4 3 2 1 3
saved = nil
collectgarbage()
print(#order)                                  --> 5
local o = setmetatable({}, { __gc = function(o) setmetatable(o, getmetatable(o)); order[#order + 1] = "again" end })
o = nil
collectgarbage() collectgarbage() collectgarbage()
print(#order)                                  --> 8
getmetatable(setmetatable({}, {})).__gc = function() print("set too late: never called") end
collectgarbage()
