-- --procs wins over TRILUNE_PROCS.
--! options --procs 2
--! env TRILUNE_PROCS=4
print(require "trilune".procs())   --> 2
