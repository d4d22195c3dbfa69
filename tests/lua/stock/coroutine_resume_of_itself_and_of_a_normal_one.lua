-- Resuming the running coroutine, a normal one or the main thread gives false and a message.
--! same-as-lua
print(coroutine.resume(coroutine.running()))  --> false cannot resume non-suspended coroutine
local main = coroutine.running()
local outer
outer = coroutine.create(function()
  print(coroutine.resume(outer))              --> false cannot resume non-suspended coroutine
  local inner = coroutine.create(function()
    print(coroutine.resume(outer))            --> false cannot resume non-suspended coroutine
    print(coroutine.resume(main))             --> false cannot resume non-suspended coroutine
    coroutine.yield("inner goes on")
  end)
  print(coroutine.resume(inner))              --> true inner goes on
  return "outer too"
end)
print(coroutine.resume(outer))                --> true outer too
local wrapped
wrapped = coroutine.wrap(function() return pcall(wrapped) end)
print(wrapped())                              --> false cannot resume non-suspended coroutine
