-- debug.getinfo, getlocal and setlocal look into another coroutine's frames.
--! same-as-lua
local function body(a, b)
  local c = a + b
  coroutine.yield(c)
  print("seen by the coroutine", a, b, c)
end
local co = coroutine.create(body)
coroutine.resume(co, 1, 2)
for level = 0, 3 do
  local i = debug.getinfo(co, level, "nSltfu")
  if not i then print(level, "none") break end
  print(level, i.what, i.namewhat, i.name, i.currentline, i.linedefined, i.nparams, i.isvararg, i.istailcall)
  if level == 1 then print("same function", i.func == body) end
end
for n = 1, 4 do print(debug.getlocal(co, 1, n)) end
print(debug.setlocal(co, 1, 3, 300))
print(pcall(debug.getlocal, co, 9, 1))
coroutine.resume(co)
print(debug.getinfo(co, 0))
print(debug.getinfo(1, "l").currentline, debug.getinfo(coroutine.resume, "S").what)
