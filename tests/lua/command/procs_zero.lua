-- --procs 0 is refused.
--! options --procs 0
--! exit 1
--! stderr ^trilune: .*'0'
print("never")
