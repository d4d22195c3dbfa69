-- The thread of a G that has ended stays a dead coroutine for those who kept it, also after many more Gs.
local tri = require "trilune"
local threads = {}
for i = 1, 100 do
  tri.go(function()
    threads[i] = coroutine.running()
    if i % 2 == 0 then error("E") end
  end):join()
end
for _ = 1, 1000 do tri.go(function() tri.yield() end):join() end
collectgarbage()
local wrong = 0
for i = 1, 100 do
  local ok, m = coroutine.resume(threads[i])
  if coroutine.status(threads[i]) ~= "dead" or ok or m ~= "cannot resume dead coroutine" then wrong = wrong + 1 end
  local closed = pcall(coroutine.close, threads[i])
  if not closed then wrong = wrong + 1 end
end
print(wrong)   --> 0
