-- A chunk that does not compile is reported with its line, and loaded code does not run.
--! same-as-lua
--! exit 1
--! stderr chunk:2: syntax error near 'syntax'
print("before")   --> before
assert(load("x = 1\nbad syntax", "=chunk"))
