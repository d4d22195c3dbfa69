-- A finalizer may use the dictionary while a long value is being read into the heap.
local d = require "trilune.dict".open("d")
local long = ("x"):rep(100000)
d:set("long", long)
for i = 1, 500 do d:set("key" .. i, long:sub(1, 600) .. i) end
local ran, wrong = 0, 0
local function garbage()
  setmetatable({}, { __gc = function()
    ran = ran + 1
    if d:get("long") ~= long or #d:keys(10) ~= 10 or d:rpush("l", long) < 1 then wrong = wrong + 1 end
    if #d:rpop("l") ~= #long then wrong = wrong + 1 end
  end })
end
collectgarbage("generational")
for i = 1, 500 do
  garbage()
  if d:get("key" .. i) ~= long:sub(1, 600) .. i then wrong = wrong + 1 end
  if i % 50 == 0 and #d:keys() < 501 then wrong = wrong + 1 end
end
collectgarbage()
print(ran, wrong)   --> 500 0
