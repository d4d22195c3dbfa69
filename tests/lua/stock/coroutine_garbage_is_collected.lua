-- A suspended coroutine that nobody holds is collected with what only it held.
--! same-as-lua
local weak = setmetatable({}, { __mode = "v" })
do
  local co = coroutine.create(function()
    local held = { "held" }
    weak.held = held
    coroutine.yield()
    print(held)
  end)
  coroutine.resume(co)
  weak.co = co
end
print(weak.co ~= nil, weak.held ~= nil)    --> true true
collectgarbage()
print(weak.co, weak.held)                  --> nil nil
