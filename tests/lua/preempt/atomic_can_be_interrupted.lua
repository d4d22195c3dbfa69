-- An interrupt (Ctrl-C) ends main's computing in trilune.atomic too, and with --preempt strand.
--! options --preempt strand
--! stderr-any
local tri = require "trilune"
print(pcall(tri.atomic, function()
  io.popen("kill -INT $PPID"):close()
  for i = 1, 1e9 do end
end))                                          --> false interrupted!
