-- From a G, the main script's thread is "normal" and cannot be resumed or closed.
local tri = require "trilune"
local main = coroutine.running()
print(tri.go(function()
  local ok, m = pcall(coroutine.close, main)
  return coroutine.status(main), coroutine.resume(main), select(2, coroutine.resume(main)), ok, m
end):join())
--> true normal false cannot resume non-suspended coroutine false cannot close a normal coroutine
