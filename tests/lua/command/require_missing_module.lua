-- -l of a module that does not exist is an error, before the script runs.
--! same-as-lua
--! options -l no_such_module
--! exit 1
--! stderr module 'no_such_module' not found
print("never")
