-- The libraries hold exactly the names that stock Lua has.
--! same-as-lua
local function names(t)
  local r = {}
  for k, v in pairs(t) do r[#r + 1] = tostring(k) .. ":" .. type(v) end
  table.sort(r)
  return table.concat(r, " ")
end
print(names(_G))
for _, lib in ipairs { "coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8" } do
  print(lib, names(_G[lib]))
end
print(names(package.loaded))
print(_VERSION, getmetatable("").__index == string, getmetatable(_G))
