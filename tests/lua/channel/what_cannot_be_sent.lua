-- A value that cannot be sent raises in the sender; nothing has been sent, also of a select.
local tri = require "trilune"
local ch, other = tri.channel(3), tri.channel(3)
local function failure(f, ...)
  local ok, message = pcall(f, ...)
  return ok, (message:match("cannot send a %l+"))
end
print(failure(ch.send, ch, io.tmpfile()))                       --> false cannot send a userdata
print(failure(ch.trysend, ch, coroutine.create(print)))      --> false cannot send a thread
print(failure(tri.select, { { other, "send", "fine" }, { ch, "send", io.tmpfile() } }))  --> false cannot send a userdata
print(#ch, #other)                                           --> 0 0
