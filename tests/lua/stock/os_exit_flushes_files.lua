-- What was written to a buffered file and to stdout reaches them when the program exits.
--! same-as-lua
io.stdout:setvbuf("full")
local out = assert(io.open("/dev/stdout", "a"))
out:setvbuf("full")
io.write("first ")
io.stdout:flush()
out:write("second ")
out:flush()
out:write("third\n")     --> first second third
os.exit(0)
