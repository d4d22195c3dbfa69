-- An interrupt (Ctrl-C) raises "interrupted!" in a running script.
--! same-as-lua
--! exit 1
--! stderr interrupted!
local function interrupt()
  io.popen("kill -INT $PPID"):close()
  for i = 1, 1e10 do end
end
print(pcall(interrupt))   --> false interrupted!
interrupt()
