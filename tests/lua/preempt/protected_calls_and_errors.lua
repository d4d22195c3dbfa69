-- Loops of pcall, xpcall and error are preempted; every error arrives with its handler's result.
--! options --slice 50us
package.path = "../lib/?.lua;" .. package.path
local preempted = require "preempted"
print(preempted(function()
  local caught, handled, deep = 0, 0, 0
  for i = 1, 300 do
    local ok, e = pcall(error, i)
    if not ok and e == i then caught = caught + 1 end
    local object = { i }
    ok, e = xpcall(function()
      for _ = 1, 10 do end
      error(object)
    end, function(e2)
      for _ = 1, 10 do handled = handled + 1 end
      return e2[1]
    end)
    assert(not ok and e == i)
    local function fall(n)
      if n == 0 then error("bottom", 0) end
      local ok2, e2 = pcall(fall, n - 1)
      assert(not ok2)
      error(e2, 0)
    end
    ok, e = pcall(fall, 20)
    if not ok and e == "bottom" then deep = deep + 1 end
    ok, e = pcall(function() return nil + 1 end)
    assert(e:find("attempt to perform arithmetic on a nil value"))
  end
  return caught, handled, deep
end))                                          --> 300 3000 300
