-- An interrupt (Ctrl-C) raises "interrupted!" in a script that computes.
--! same-as-lua
local ok, m = pcall(function()
  io.popen("kill -INT $PPID"):close()
  for i = 1, 3e8 do end
end)
print(ok, tostring(m):match("interrupted!"))   --> false interrupted!
