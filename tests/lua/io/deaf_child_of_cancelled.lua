-- A child that ignores SIGTERM is killed a second after its G was cancelled, also if nobody closes its file.
local tri = require "trilune"
local handles = {}
local gs = {}
for i = 1, 3 do
  gs[i] = tri.go(function()
    -- Its pid comes when it ignores the signal already.
    local p = io.popen("exec 2>/dev/null; trap '' TERM; echo $$; while :; do sleep 0.1; done")
    handles[i] = p
    handles[-i] = p:read()
    tri.sleep(1000)
  end)
end
repeat tri.sleep(0.001) until handles[-1] and handles[-2] and handles[-3]
for _, g in ipairs(gs) do g:cancel("stop") end
for _, g in ipairs(gs) do print(g:join()) end
--> false stop
--> false stop
--> false stop
-- Not waited for, they stay as zombies.
local function state(pid)
  local f = io.open("/proc/" .. pid .. "/stat")
  return f and f:read("a"):match("%) (%a)")
end
for i = 1, 3 do
  repeat tri.sleep(0.01) until state(handles[-i]) == "Z"
  print(handles[i]:close())
end
--> nil signal 9
--> nil signal 9
--> nil signal 9
