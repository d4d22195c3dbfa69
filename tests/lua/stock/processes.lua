-- os.execute and io.popen run commands and give their exit kinds.
--! same-as-lua
print(os.execute("exit 3"))            --> nil exit 3
print(os.execute("true"))              --> true exit 0
print(os.execute("kill -TERM $$"))     --> nil signal 15
print(os.execute() and "a shell")      --> a shell
local p = io.popen("printf 'a\\nb\\n'; exit 4")
print(p:read("l", "l", "l"))           --> a b nil
print(p:close())                       --> nil exit 4
local w = io.popen("cat", "w")
io.stdout:flush()
w:write("through cat\n")               --> through cat
print(w:close())                       --> true exit 0
print(pcall(io.popen, "true", "rw"))   --> false bad argument #2 to 'io.popen' (invalid mode)
