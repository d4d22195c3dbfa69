-- Each of 10,000 Gs joins the one made before it; results and errors travel through all.
local tri = require "trilune"
local function chain(first)
  local g = first
  for _ = 1, 10000 do
    local before = g
    g = tri.go(function()
      local ok, n = before:join()
      if not ok then error(n, 0) end
      return n + 1
    end)
  end
  return g:join()
end
print(chain(tri.go(function() return 0 end)))      --> true 10000
print(table.unpack({chain(tri.go(error, "the first failed", 0))}, 1, 2)) --> false the first failed
