-- parked(g, ...): lets the other Gs run until each of these waits; gives the first.
local tri = require "trilune"

return function(...)
  for _, g in ipairs { ... } do
    while g:status() ~= "waiting" do
      assert(g:status() ~= "dead", "the goroutine has ended")
      tri.yield()
    end
  end
  return (...)
end
