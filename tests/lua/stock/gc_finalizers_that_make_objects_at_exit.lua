-- Objects with finalizers that are made while the state closes are finalized too, errors are warnings.
--! same-as-lua
--! stderr-any
warn("@on")
local n = 0
local function make()
  return setmetatable({}, { __gc = function()
    n = n + 1
    print("gc", n, select(2, coroutine.running()))
    if n < 5 then make() end
    if n == 2 then error("in the second") end
  end })
end
kept = make()
print("end")
