-- coroutine.yield works below pcall, xpcall, Lua metamethods, iterators and close handlers.
--! same-as-lua
local yield = coroutine.yield
local mt = {}
for _, e in ipairs { "add", "concat", "eq", "lt", "le", "unm", "len", "index", "call", "band", "idiv" } do
  mt["__" .. e] = function() return yield(e) end
end
mt.__newindex = function(_, k, v) yield("newindex " .. k .. v) end
mt.__close = function(_, e) yield("close " .. tostring(e)) end
local function new() return setmetatable({}, mt) end
local co = coroutine.wrap(function()
  local a, b = new(), new()
  local r = { a + 1, a .. "x", a == b, a < b, a <= b, -a, #a, a.field, a(1), a & 1, 7 // a }
  a.k = "v"
  do local c <close> = new() end
  print("pcall", pcall(function() local c <close> = new(); error("E", 0) end))
  print("xpcall", xpcall(function() yield("in xpcall"); error("F", 0) end, function(m) return m .. "!" end))
  for i in function(_, i) return yield("iterator") end do r[#r + 1] = i end
  return table.unpack(r, 1, 12)
end)
local n = 0
while true do
  local got = table.pack(co(n))
  if got.n ~= 1 then print("result", table.unpack(got)) break end
  print(n, got[1])
  n = n + 1
  if got[1] == "iterator" and n > 18 then print(select("#", co(nil))) break end
end
