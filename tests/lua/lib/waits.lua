-- waits: each way in which a G can wait. Each function waits, at least once, and
-- gives back the value it was given.
local tri = require "trilune"
local sync = require "trilune.sync"

local waits = {}

function waits.yield(v)
  tri.yield()
  return v
end

function waits.sleep(v)
  tri.sleep(0.0001)
  return v
end

function waits.recv(v)
  local ch = tri.chan()
  tri.go(function() ch:send(v) end)
  return (ch:recv())
end

function waits.recv_timeout(v)
  assert(select(3, tri.chan():recv(0.0001)) == "timeout")
  return v
end

function waits.recv_closed(v)
  local ch = tri.chan()
  tri.go(ch.close, ch)
  assert(ch:recv() == nil)
  return v
end

function waits.send(v)
  local ch, got = tri.chan(), nil
  tri.go(function() got = ch:recv() end)
  assert(ch:send(v) == true)
  tri.yield()
  return got
end

function waits.send_to_full_buffer(v)
  local ch = tri.chan(1)
  ch:send("first")
  tri.go(function() assert(ch:recv() == "first") end)
  ch:send(v)
  return (ch:recv())
end

function waits.select(v)
  local one, two = tri.chan(), tri.chan()
  tri.go(function() two:send(v) end)
  local i, got = tri.select { { one }, { two }, { one, "send", "nobody" } }
  assert(i == 2)
  return got
end

function waits.join(v)
  return select(2, tri.go(function() return v end):join())
end

function waits.mutex(v)
  local m = sync.mutex()
  m:lock()
  tri.go(m.unlock, m)
  m:lock()
  return v
end

function waits.rwmutex_write(v)
  local rw = sync.rwmutex()
  rw:rlock()
  tri.go(rw.runlock, rw)
  rw:lock()
  return v
end

function waits.rwmutex_read(v)
  local rw = sync.rwmutex()
  rw:lock()
  tri.go(rw.unlock, rw)
  rw:rlock()
  return v
end

function waits.semaphore(v)
  local s = sync.semaphore(0)
  tri.go(s.release, s, 2)
  s:acquire(2)
  return v
end

function waits.waitgroup(v)
  local wg = sync.waitgroup()
  wg:add(2)
  for _ = 1, 2 do tri.go(wg.done, wg) end
  wg:wait()
  return v
end

function waits.cond(v)
  local m, set = sync.mutex(), false
  local c = sync.cond(m)
  m:lock()
  tri.go(function()
    m:lock()
    set = true
    c:signal()
    m:unlock()
  end)
  while not set do c:wait() end
  m:unlock()
  return v
end

function waits.once(v)
  local once, entered = sync.once(), false
  tri.go(once.call, once, function()
    entered = true
    tri.yield()
    tri.yield()
  end)
  while not entered do tri.yield() end
  assert(once:call(error) == false)
  return v
end

function waits.group(v)
  return (tri.group(function(group)
    group:go(tri.yield)
    return v
  end))
end

function waits.after(v)
  tri.after(0.0001):recv()
  return v
end

return waits
