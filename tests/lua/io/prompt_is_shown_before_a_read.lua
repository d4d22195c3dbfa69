-- What is in a file's buffer is written before a read waits on it.
--! same-as-lua
local f = assert(io.popen("cat", "w"))
f:setvbuf("full")
f:write("question ")
f:flush()
f:close()
io.stdout:setvbuf("line")
io.write("prompt> ")
local p = io.popen("echo answer")
p:setvbuf("no")
io.write(p:read(), "\n")
p:close()
