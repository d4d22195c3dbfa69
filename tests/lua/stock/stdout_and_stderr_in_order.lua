-- What is written to stdout without buffering and to stderr keeps its order in one stream.
--! same-as-lua
--! stderr ^err 1\nerr 2\n
io.stdout:setvbuf("no")
io.write("out 1\n")
io.stderr:write("err 1\n")
io.write("out ", 2, "\n")
print(io.stderr:write("err 2\n") == io.stderr)
