-- The value of a cancelled sender is never received; the next sender's is.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
local ch, buffered = tri.chan(), tri.chan(1)
buffered:send("in the buffer")
for _, c in ipairs { ch, buffered } do
  local first = parked(tri.go(c.send, c, "cancelled"))
  local second = parked(tri.go(c.send, c, "sent"))
  first:cancel()
  if c == buffered then print(c:recv()) end
  print(c:recv())
  print(first:join())
  print(second:join())
  print(c:tryrecv())
end
--> sent true
--> false cancelled
--> true true
--> false
--> in the buffer true
--> sent true
--> false cancelled
--> true true
--> false
