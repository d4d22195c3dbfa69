-- The main script is a G that others may cancel: its waits raise, and uncaught that ends the program with 1.
--! exit 1
--! stderr enough of this
local tri = require "trilune"
local main = tri.self()
tri.go(function() print(main:cancel("enough of this")) end)   --> true
print(pcall(tri.sleep, 1000))                                 --> false enough of this
print(pcall(tri.yield))                                       --> false enough of this
tri.chan():recv()
