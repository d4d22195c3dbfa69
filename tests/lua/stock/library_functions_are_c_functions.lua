-- Every library function is a C function as debug.getinfo sees it, with stock's upvalue count.
--! same-as-lua
for _, lib in ipairs { "coroutine", "debug", "io", "os", "string", "table", "utf8" } do
  local r = {}
  for k, f in pairs(_G[lib]) do
    if type(f) == "function" then
      local i = debug.getinfo(f, "Su")
      r[#r + 1] = k .. "/" .. i.what .. "/" .. i.short_src .. "/" .. i.linedefined .. "/" .. tostring(i.isvararg)
    end
  end
  table.sort(r)
  print(lib, table.concat(r, " "))
end
