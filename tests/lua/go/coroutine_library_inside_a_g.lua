-- In a G, running gives its thread and true, isyieldable is false, and coroutines in it are as usual.
local tri = require "trilune"
local main = coroutine.running()
print(tri.go(function()
  local thread, is_main = coroutine.running()
  local in_co = coroutine.wrap(function()
    local co, is = coroutine.running()
    return type(co) .. tostring(is) .. tostring(coroutine.isyieldable()) .. coroutine.status(thread)
  end)()
  return type(thread), is_main, thread ~= main, coroutine.isyieldable(), coroutine.status(thread), in_co
end):join())
--> true thread true true false running threadfalsetruenormal
print(coroutine.running() == main)   --> true
