-- Arguments and results pass through resume, yield and the end of a coroutine, nils included.
--! same-as-lua
local co = coroutine.create(function(...)
  print("start", select("#", ...), ...)
  print("second", coroutine.yield(1, nil, 3, nil))
  print("third", coroutine.yield())
  return "done", nil
end)
local function show(...) print(select("#", ...), ...) end
show(coroutine.resume(co, "a", nil))
show(coroutine.resume(co, nil, "b", nil))
show(coroutine.resume(co))
show(coroutine.resume(co))
--> start 2 a nil
--> 5 true 1 nil 3 nil
--> second nil b nil
--> 1 true
--> third
--> 3 true done nil
--> 2 false cannot resume dead coroutine
