-- A count of bytes that no memory holds is an error at once; it frees the file.
--! same-as-lua
--! stderr-any
--! env ASAN_OPTIONS=allocator_may_return_null=1
--! env TSAN_OPTIONS=allocator_may_return_null=1
local f = io.popen("echo line; echo more")
print(pcall(f.read, f, -1))
print(pcall(f.read, f, math.maxinteger))
print(pcall(f.read, f, 1 << 50))
print(pcall(f.read, f, "l", -1))
print(f:read("a"))
print(f:close())
