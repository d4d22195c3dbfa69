-- A counter below zero raises, and stays what it was.
local wg = require "trilune.sync".waitgroup()
for _, f in ipairs { function() wg:done() end, function() wg:add(-1) end, function() wg:add(2) wg:add(-3) end } do
  local ok, m = pcall(f)
  print(ok, m:match("negative waitgroup counter"))
end
--> false negative waitgroup counter
--> false negative waitgroup counter
--> false negative waitgroup counter
wg:done() wg:done()
print(wg:wait(0))   --> true
print((pcall(wg.add, wg, 1.5)), (pcall(wg.add, wg, "x")))   --> false false
