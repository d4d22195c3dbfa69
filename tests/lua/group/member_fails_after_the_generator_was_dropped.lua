-- A member of a group whose generator is garbage fails: no coroutine or G that got its address is interrupted by that.
local tri = require "trilune"
for _ = 1, 30 do
  local fail, failed = tri.chan(), tri.chan()
  local co = coroutine.create(function()
    tri.group(function(group)
      group:go(function()
        local _ <close> = setmetatable({}, {__close = function() failed:close() end})
        pcall(fail.recv, fail)
        error("member", 0)
      end)
      coroutine.yield()
    end)
  end)
  coroutine.resume(co)
  co = nil
  tri.yield()
  collectgarbage("step")
  collectgarbage()
  local waits = {}
  for i = 1, 20 do
    waits[i] = tri.go(function()
      local ok, why = coroutine.wrap(function() return pcall(failed.recv, failed) end)()
      assert(ok, why)
      return pcall(tri.yield)
    end)
  end
  tri.yield()
  pcall(fail.close, fail)
  for _, g in ipairs(waits) do
    local _, ok, why = g:join()
    assert(ok, why)
  end
  assert(pcall(tri.yield))
end
print "PASS"   --> PASS
--! stderr-any
