-- A message handler in a coroutine sees the stack of the error, before it unwinds.
--! same-as-lua
local co = coroutine.create(function()
  local function inner() local x = nil; return x.field end
  return xpcall(inner, function(m) return debug.traceback("handler: " .. m) end)
end)
print(coroutine.resume(co))
print(coroutine.status(co))
local with_nils = coroutine.create(function(...)
  return xpcall(function(...) return select("#", ...), ... end, print, ...)
end)
print(select(2, coroutine.resume(with_nils, nil, nil, 3)))
