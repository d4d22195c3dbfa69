-- os.exit refuses what is neither boolean nor integer, and the script goes on.
--! same-as-lua
print(pcall(os.exit, "seven"))   --> false bad argument #1 to 'os.exit' (number expected, got string)
print(pcall(os.exit, 1.5))       --> false bad argument #1 to 'os.exit' (number has no integer representation)
