-- An interrupt (Ctrl-C) raises "interrupted!" in a running script.
--! same-as-lua
--! exit 1
--! stderr interrupted!
local function spin() for i = 1, 1e10 do end end
print(pcall(function()
  os.execute("kill -INT $PPID")
  spin()
end))
os.execute("kill -INT $PPID")
spin()
