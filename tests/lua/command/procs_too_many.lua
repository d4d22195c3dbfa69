-- --procs 257 is refused.
--! options --procs=257
--! exit 1
--! stderr ^trilune: .*'257'
print("never")
