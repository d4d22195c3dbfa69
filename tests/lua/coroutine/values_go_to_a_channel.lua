--! both-channels
-- With { values = ch } each value of a yield is sent on ch, in order; a yield of
-- nothing sends nothing. Sending waits as any send does.
local tri = require "trilune"
local ch = tri.chan()
local function squares(n)
  for i = 1, n do coroutine.yield(i * i) end
  coroutine.yield()
  coroutine.yield("a", nil, "c")
  return "end"
end
local g = tri.go({ values = ch }, coroutine.create(squares), 3)
for _ = 1, 6 do io.write(tostring((ch:recv())), " ") end
print()                                     --> 1 4 9 a nil c
print(g:join())                             --> true end

-- Its end is waited for beside its values.
g = tri.go({ values = ch }, coroutine.create(squares), 1)
local got = {}
while true do
  local i, v = tri.select{ { ch }, { g } }
  if i == 2 then break end
  got[#got + 1] = tostring(v)
end
print(table.concat(got, " "))               --> 1 a nil c

-- Several coroutines into one channel; one whose channel is closed; a cancelled
-- one.
local many = tri.chan(100)
local gs = {}
for i = 1, 3 do gs[i] = tri.go({ values = many }, coroutine.create(squares), 2) end
for i = 1, 3 do gs[i]:join() end
print(#many)                                --> 15
g = tri.go({ values = ch }, coroutine.create(squares), 1)
tri.yield()
ch:close()
print(select(2, g:join()):match("send on closed channel"))   --> send on closed channel
g = tri.go({ values = tri.chan() }, coroutine.create(squares), 1)
tri.yield()
g:cancel("enough")
print(g:join())                             --> false enough

-- The first run of a coroutine that has begun; nil is no channel.
local co = coroutine.create(squares)
coroutine.resume(co, 2)
print(tri.go({ values = nil }, co):join())  --> true end
