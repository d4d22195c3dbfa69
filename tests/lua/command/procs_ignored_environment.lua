-- -E ignores TRILUNE_PROCS too.
--! options -E --procs 2
--! env TRILUNE_PROCS=many
print(require "trilune".procs())   --> 2
