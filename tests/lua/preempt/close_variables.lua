-- __close handlers are preempted: each runs once, in the right order, on every way out.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
print(preempted(function()
  local log = {}
  local function guard(name)
    return setmetatable({}, { __close = function(_, e)
      for _ = 1, 30 do end
      log[#log + 1] = name .. (e and "!" or "")
    end })
  end
  for i = 1, 100 do
    log = {}
    do
      local a <close> = guard "a"
      local b <close> = guard "b"
    end
    for _ = 1, 3 do
      local c <close> = guard "c"
      if #log == 3 then break end
    end
    pcall(function()
      local d <close> = guard "d"
      local e <close> = guard "e"
      error "x"
    end)
    local f = coroutine.wrap(function()
      local h <close> = guard "h"
      coroutine.yield()
    end)
    f() f()
    local co = coroutine.create(function()
      local k <close> = guard "k"
      coroutine.yield()
    end)
    coroutine.resume(co)
    assert(coroutine.close(co))
  end
  return table.concat(log, " ")
end))                                          --> b a c c e! d! h k
