-- A semaphore refuses counts that are negative or no integers, and nothing changes.
local sync = require "trilune.sync"
for _, n in ipairs { -1, 1.5, "x", {}, math.huge } do
  local ok, m = pcall(sync.semaphore, n)
  if ok or not m:find("bad argument #1") then print("semaphore", n, ok, m) end
end
print((pcall(sync.semaphore)))    --> false
local s = sync.semaphore(2)
for _, name in ipairs { "acquire", "tryacquire", "release" } do
  for _, n in ipairs { -1, 1.5, "x", {} } do
    local ok, m = pcall(s[name], s, n)
    if ok or not m:find("bad argument #%d") then print(name, n, ok, m) end
  end
end
print(s:count())                  --> 2
