-- Weak keys, weak values and ephemerons lose what only they refer to.
--! same-as-lua
for _, mode in ipairs { "generational", "incremental" } do
  collectgarbage(mode)
  local strong = {}
  local k, v, e = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "v" }), setmetatable({}, { __mode = "k" })
  k[strong], k[{}] = 1, 2
  v.kept, v.lost, v.text = strong, {}, "strings stay"
  do local key = {}; e[key] = { key } end
  e[strong] = { strong }
  collectgarbage()
  local n = { 0, 0, 0 }
  for i, t in ipairs { k, v, e } do for _ in pairs(t) do n[i] = n[i] + 1 end end
  print(mode, table.concat(n, " "), v.lost, v.text)
end
--> generational 1 2 1 nil strings stay
--> incremental 1 2 1 nil strings stay
