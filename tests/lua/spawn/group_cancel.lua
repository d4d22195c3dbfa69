-- group:cancel cancels the programs, with its reason; cancelling who runs the group does so, too.
local tri = require "trilune"
local ready = tri.channel()
local function program(ready) ready:send(1) require("trilune").sleep(1000) end
local member
tri.group(function(group)
  member = group:spawn(program, ready)
  ready:recv()
  group:cancel("enough")
end)
print(member:join())       --> false enough
local g = tri.go(tri.group, function(group)
  member = group:spawn(program, ready)
end)
ready:recv()
g:cancel("why")
print(g:join())            --> false why
print(member:join())       --> false cancelled
-- The program gets the reason, too; the default one, if that cannot be sent.
local reasons = tri.channel(1)
local function reporter(ready, reasons)
  ready:send(1)
  reasons:send(select(2, pcall(require("trilune").sleep, 1000)))
end
for _, reason in ipairs { "why", { code = 2 }, coroutine.create(print) } do
  tri.group(function(group)
    group:spawn(reporter, ready, reasons)
    ready:recv()
    group:cancel(reason)
  end)
  local got = reasons:recv()
  print(type(got) == "table" and got.code or got)
end
--> why
--> 2
--> cancelled
