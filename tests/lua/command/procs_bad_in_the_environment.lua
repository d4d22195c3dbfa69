-- A TRILUNE_PROCS that makes no sense is an error that names it.
--! env TRILUNE_PROCS=many
--! exit 1
--! stderr TRILUNE_PROCS.*'many'
print("never")
