-- An error is raised while somebody joins, who gives up before the close handlers have ended: then nobody sees it, and it
-- is reported.
--! stderr error in goroutine \d+: .*:19: nobody joins it
--! stderr error in goroutine \d+: object with words
--! stderr in function <.*error_after_the_join_gave_up
local tri = require "trilune"
-- Fails while it is joined; returns once the joiner has given up and the G has ended.
local function lose(err, join)
  local joined, closing, go_on = tri.chan(), tri.chan(), tri.chan()
  local g = tri.go(function()
    local c <close> = setmetatable({}, { __close = function() closing:send(true) go_on:recv() end })
    joined:recv()
    err()
  end)
  join(g, joined, closing)
  go_on:send(true)
  repeat tri.yield() until g:status() == "dead"
end
local function fail() error "nobody joins it" end
local function fail_with_object()
  error(setmetatable({}, { __tostring = function() return "object with words" end }))
end
-- A join that is cancelled.
local function cancelled(g, joined, closing)
  local joiner = tri.go(function() return g:join() end)
  repeat tri.yield() until joiner:status() == "waiting"
  joined:send(true)
  closing:recv()
  joiner:cancel("enough")
  print(joiner:join())
end
lose(fail, cancelled) --> false enough
-- One whose time is over.
local function late(g, joined, closing)
  local joiner = tri.go(function() return g:join(0.05) end)
  repeat tri.yield() until joiner:status() == "waiting"
  joined:send(true)
  closing:recv()
  print(joiner:join())
end
lose(fail_with_object, late) --> true nil timeout
-- One that waits on is told.
local g
lose(function() error("seen", 0) end, function(of, joined, closing)
  g = tri.go(function() return of:join() end)
  repeat tri.yield() until g:status() == "waiting"
  joined:send(true)
  closing:recv()
end)
local _, ok, err = g:join()
print(ok, err) --> false seen
