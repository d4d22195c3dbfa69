-- A count hook is called each N instructions, for N of 1, 7, 1000 and 2500.
--! same-as-lua
for _, count in ipairs { 1, 7, 1000, 2500 } do
  local n = 0
  debug.sethook(function(event) assert(event == "count"); n = n + 1 end, "", count)
  local x = 0
  for i = 1, 20000 do x = x + i % 3 end
  debug.sethook()
  print(count, n)
end
