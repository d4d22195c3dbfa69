-- --procs=N sets the number of Ps; the last one counts.
--! options --procs=5 -W --procs=2
print(require "trilune".procs())   --> 2
