-- pcall nests to the same depth class as stock, and unwinds through all levels.
--! same-as-lua
local function down(n)
  if n == 0 then error({ depth = "bottom" }) end
  local ok, e = pcall(down, n - 1)
  error(e)
end
local ok, e = pcall(down, 150)
print(ok, type(e), e.depth)                 --> false table bottom
local function lua_only(n) if n == 0 then return "deep" end return (lua_only(n - 1)) end
print(lua_only(150000))                     --> deep
print(pcall(pcall, pcall, pcall, error))    --> true true true false nil
