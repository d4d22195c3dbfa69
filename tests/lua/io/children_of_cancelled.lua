-- A cancelled G's children are ended, and nobody waits for what they would have done; nor for others that hold a pipe.
--! timeout 100
local tri = require "trilune"
local dir = os.tmpname()
os.remove(dir)
assert(os.execute("mkdir " .. dir))
local made = 0
-- A command that says that it runs, and its pid; and then runs for long, as does a child of its own that holds the pipe
-- of io.popen.
local function forever(before)
  made = made + 1
  return ("exec 2>/dev/null; %s; echo $$ >%s/new%d; mv %s/new%d %s/%d; sleep 30; sleep 30"):format(
    before or ":", dir, made, dir, made, dir, made), dir .. "/" .. made
end
-- The others have the script's output in its place.
local quiet = "exec >/dev/null; "
local function await(name)
  local f
  repeat f = io.open(name) tri.sleep(0.001) until f
  local pid = f:read()
  f:close()
  return pid
end
local function is_alive(pid) return (os.execute("kill -0 " .. pid .. " 2>/dev/null")) == true end
local bodies = {
  ["read and close"] = function(c) local p <close> = io.popen(c) p:read("a") end,
  ["read"] = function(c) local p = io.popen(c) p:read("a") end,
  ["lines"] = function(c) for _ in io.popen(c):lines() do end end,
  ["close"] = function(c) io.popen(c):close() end,
  ["close of a writer"] = function(c) local p = io.popen(quiet .. c, "w") p:write("x") p:close() end,
  ["write"] = function(c) local p <close> = io.popen(quiet .. c, "w") while true do p:write(("x"):rep(10000)) end end,
  ["execute"] = function(c) os.execute(quiet .. c) end,
  ["sleep"] = function(c) local p = io.popen(c) tri.sleep(1000) return p end,
  ["sleep, and close"] = function(c) local p <close> = io.popen(quiet .. c, "w") tri.sleep(1000) end,
}
for name, body in pairs(bodies) do
  local command, mark = forever()
  local g = tri.go(body, command)
  local pid = await(mark)
  g:cancel("stop")
  local ok, e = g:join()
  -- A cancelled G that closes a file goes on until it waits.
  if ok ~= false and name:find("^close") == nil or ok == false and e ~= "stop" then print(name, ok, e) end
  -- Is it a zombie the collector ends the wait for it.
  local n = 0
  while is_alive(pid) and n < 1000 do n = n + 1 collectgarbage() tri.sleep(0.005) end
  if n == 1000 then print(name, "is alive") end
end
print("ended") --> ended

-- A group that fails ends those of its members; its function's, when they are closed.
local c1, m1 = forever()
local c2, m2 = forever()
local c3, m3 = forever()
local pids = {}
print(pcall(tri.group, function(group)
  group:go(os.execute, quiet .. c1)
  group:go(function() local p <close> = io.popen(c2) p:read("a") end)
  group:go(function()
    for i, m in ipairs { m1, m2, m3 } do pids[i] = await(m) end
    error("failed", 0)
  end)
  local p <close> = io.popen(c3)
  p:read("a")
end)) --> false failed
for i, pid in ipairs(pids) do if is_alive(pid) then print(i, "is alive") end end

-- One that ignores SIGTERM is killed.
local command, mark = forever("trap '' TERM")
local g = tri.go(function() return io.popen(command):close() end)
local pid = await(mark)
g:cancel("stop")
print(g:join()) --> true nil signal 9
print(is_alive(pid)) --> false

-- One that a cancelled G has handed on is ended with it; who writes to it then gets an error, no signal.
command, mark = forever()
local handle
g = tri.go(function() handle = io.popen(quiet .. command, "w") tri.sleep(1000) end)
await(mark)
g:cancel("stop")
g:join()
handle:write("x")
print(handle:flush()) --> nil Broken pipe 32
print(handle:close()) --> nil signal 15
-- The others' are left alone.
local own = io.popen("cat", "w")
g = tri.go(function() own:setvbuf("no") own:write("x") tri.sleep(1000) end)
tri.yield()
g:cancel()
g:join()
print(own:close()) --> xtrue exit 0
os.execute("rm -r " .. dir)
