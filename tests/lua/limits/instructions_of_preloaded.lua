-- Instructions count in a coroutine that a module keeps, too, though it was preloaded.
local tri = require "trilune"
package.path = "./lib/?.lua"
tri.preload { "keeps_coroutine", spares = 4 }
local function is_spare() return package.loaded.keeps_coroutine ~= nil end
for _ = 1, 20 do
  repeat until select(2, tri.spawn(is_spare):join())
  local _, e = tri.spawn({ instructions = 1e5 }, function()
    require("keeps_coroutine")(function() while true do end end)
  end):join()
  assert(e:find("instruction limit (100000) exceeded", 1, true), e)
end
print("counted")   --> counted
