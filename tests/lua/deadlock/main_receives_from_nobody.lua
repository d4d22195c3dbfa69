-- A main script that waits for nobody ends with 2, the message and its stack.
--! exit 2
--! stderr \Afatal: all goroutines are asleep - deadlock!$
--! stderr ^goroutine 1 \[chan recv, \d+ ms\]:$
--! stderr ^stack traceback:$
--! stderr main_receives_from_nobody.lua:11: in
--! stderr main_receives_from_nobody.lua:14: in main chunk
local tri = require "trilune"
local ch = tri.chan()
local function receive()
  local v = ch:recv()
  return v
end
receive()
print("not reached")
