-- running gives the main thread with true, and a coroutine with false; isyieldable follows.
--! same-as-lua
local main, ismain = coroutine.running()
print(type(main), ismain, coroutine.isyieldable(), coroutine.isyieldable(main))
local co
co = coroutine.create(function()
  local me, is = coroutine.running()
  print(me == co, is, coroutine.isyieldable(), coroutine.isyieldable(main))
  table.sort({ 2, 1 }, function(a, b)
    print("in sort", coroutine.isyieldable())
    return a < b
  end)
  pcall(function() print("in pcall", coroutine.isyieldable()) end)
end)
print(coroutine.isyieldable(co))
coroutine.resume(co)
print(main == coroutine.running())
--> thread true false false
--> true
--> true false true false
--> in sort false
--> in pcall true
--> true
