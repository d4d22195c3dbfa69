-- --procs N sets the number of Ps.
--! options --procs 3
print(require "trilune".procs())   --> 3
