-- A script that catches an interrupt (Ctrl-C) goes on as if there had been none.
--! same-as-lua
local ok = pcall(function()
  io.popen("kill -INT $PPID"):close()
  for i = 1, 3e8 do end
end)
print(ok)                                   --> false
local sum = 0
for i = 1, 3e7 do sum = sum + i end
print(sum)                                  --> 450000015000000
print(io.popen("echo still here"):read())   --> still here
print(pcall(error, "x"))                    --> false x
