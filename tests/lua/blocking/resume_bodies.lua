-- Every wait works in a coroutine run by coroutine.resume, and values cross resume and yield unchanged.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local co = coroutine.create(function(a, b)
    wait()
    local c, d = coroutine.yield(wait(a), nil, b)
    wait()
    local e = coroutine.yield(wait(c), d)
    error(wait(e), 0)
  end)
  local r = {}
  for _, args in ipairs { { 1, 2 }, { 3, nil }, { "E" }, {} } do
    local got = table.pack(coroutine.resume(co, table.unpack(args, 1, 2)))
    for i = 1, got.n do r[#r + 1] = tostring(got[i]) end
    r[#r + 1] = coroutine.status(co)
  end
  return table.concat(r, " ")
end))
--> true 1 nil 2 suspended true 3 nil suspended false E dead false cannot resume dead coroutine dead
