-- The function may be the name of a module: a function, or a table with main.
local par = require "trilune.parallel"

print(table.concat(par.map("lib.double", {1, 2, 3}), " "))  --> 2 4 6
print(table.concat(par.map("lib.program", {"a", "b"}), " "))  --> a! b!
print(pcall(par.map, "string", {1}))
--> false cannot run module 'string': it returned a table, not a function or a table with 'main'
print((select(2, pcall(par.map, "lib.missing", {1})):match "module [^\n]*"))
--> module 'lib.missing' not found:
