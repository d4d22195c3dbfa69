-- An error that leaves nested wraps keeps each level's position and shows the main thread's traceback.
--! same-as-lua
--! exit 1
--! stderr in the innermost
local function level(n)
  if n == 0 then error("in the innermost") end
  coroutine.wrap(level)(n - 1)
end
level(3)
