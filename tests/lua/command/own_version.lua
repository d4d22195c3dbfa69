-- --version prints Trilune's version and Lua's, and runs nothing.
local p = io.popen("/proc/$PPID/exe -e 'print(1)' --version no_such_script.lua")
print((p:read("a"):gsub("^Trilune %d+%.%d+%.%d+, Lua 5%.4%.%d+\n$", "as it should be")))
print(p:close())
--> as it should be
--> true exit 0
