-- Each warning is one write: those of several isolates do not mix, however many pieces one is made of.
--! timeout 100
if arg[1] ~= "writer" then
  local out = io.popen(("exec /proc/$PPID/exe %s writer 2>&1"):format(arg[0]))
  local count, wrong = 0, {}
  for line in out:lines() do
    local id, long = line:match "^Lua warning: isolate (%d) says (x+), and more$"
    if id and #long == (id == "1" and 3000 or 3) then
      count = count + 1
    else
      wrong[#wrong + 1] = line
    end
  end
  print(out:close()) --> true exit 0
  print(count, #wrong, wrong[1]) --> 1200 0 nil
  return
end
local tri = require "trilune"
local gs = {}
for i = 1, 4 do
  gs[i] = tri.spawn(function(id)
    warn("@on")
    local long = ("x"):rep(id == 1 and 3000 or 3)
    for _ = 1, 300 do warn("isolate ", tostring(id), " says ", long, ", ", "and more") end
  end, i)
end
for _, g in ipairs(gs) do assert(g:join()) end
