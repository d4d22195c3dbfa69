-- --procs is refused if something follows the number.
--! options --procs 2x
--! exit 1
--! stderr ^trilune: .*'2x'
print("never")
