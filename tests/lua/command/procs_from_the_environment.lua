-- TRILUNE_PROCS sets the number of Ps.
--! env TRILUNE_PROCS=4
print(require "trilune".procs())   --> 4
