-- `local p <close> = par.pool()` is one step for a G that is cancelled: it is never raised between the call and the mark.
--! options --preempt count:101
local tri, par = require "trilune", require "trilune.parallel"
local mark_line
-- The instruction that marks the variable is the only one on the line of the parenthesis.
local function make()
  while true do
    local p <close> = par.pool(
    )
    local _ = p
  end
end
mark_line = debug.getinfo(make, "S").linedefined + 3
local is_line = debug.getinfo(make, "L").activelines[mark_line]
print(is_line)                             --> true
-- Stopped after any number of instructions.
local at_mark, inside, elsewhere = 0, 0, 0
local function note(e)
  local info = debug.getinfo(2, "fl")
  if info.func ~= make then
    inside = inside + 1
  elseif info.currentline == mark_line then
    at_mark = at_mark + 1
  else
    elsewhere = elsewhere + 1
  end
  return e
end
for round = 1, 400 do
  local g = tri.go(function()
    for _ = 1, round % 101 do end
    return xpcall(make, note)
  end)
  for _ = 1, 10 + round // 101 do tri.yield() end
  g:cancel()
  g:join()
end
print(at_mark, inside > 0, elsewhere > 0)  --> 0 true true
