-- --procs -1 is refused.
--! options --procs -1
--! exit 1
--! stderr ^trilune: .*'-1'
print("never")
