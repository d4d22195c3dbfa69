-- tri.go refuses what cannot be called, names the argument, and makes no G.
local tri = require "trilune"
local _, before = tri.go(function() return tri.self():id() end):join()
for _, f in ipairs { 1, "print", true, io.stdout, setmetatable({}, { __call = 5 }) } do
  local ok, m = pcall(tri.go, f)
  if ok and type(f) ~= "table" or not ok and not m:find("bad argument #1 to '[%w.]*go'") then print(f, ok, m) end
  if ok then assert(not m:join()) end
end
print((pcall(tri.go)), (pcall(tri.go, nil)))          --> false false
-- A table without __call is options: a body has to follow.
print(select(2, pcall(tri.go, {})))
--> bad argument #2 to 'trilune.go' (function or coroutine expected, got no value)
