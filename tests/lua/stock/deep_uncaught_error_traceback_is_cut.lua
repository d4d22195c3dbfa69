-- A long traceback is cut in the middle.
--! same-as-lua
--! exit 1
--! stderr \(skipping \d+ levels\)
local function f(n)
  if n == 0 then error("deep") end
  f(n - 1)
  return n
end
f(100)
