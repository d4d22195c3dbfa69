-- Every wait works in chunks run by dofile and by load.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
local name = os.tmpname()
local f = assert(io.open(name, "w"))
f:write("return wait_in_chunk('from the file'), wait_in_chunk(2)")
f:close()
print(everywhere(function(wait)
  wait_in_chunk = wait
  local a, b = dofile(name)
  return a, b, load("return wait_in_chunk(...)")("loaded")
end))
os.remove(name)
--> from the file 2 loaded
