-- An interrupt (Ctrl-C) ends main's computing in trilune.atomic too, and with --preempt strand.
--! options --preempt strand
--! stderr-any
local tri = require "trilune"
local killer
print(pcall(tri.atomic, function()
  killer = io.popen("kill -INT $PPID")
  for i = 1, 1e9 do end
end))                                          --> false interrupted!
