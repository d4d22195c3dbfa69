-- In tri.atomic a call that would wait raises, before it has done anything; one that need not wait works.
--! stderr-any
local tri = require "trilune"
local name = os.tmpname()
os.remove(name)
assert(os.execute("mkfifo " .. name))
local both = assert(io.open(name, "r+"))
both:setvbuf("no")
local function try(...) return select("#", ...), pcall(tri.atomic, ...) end
print(try(both.read, both)) --> 2 false cannot wait inside trilune.atomic
both:write("line\nrest")
print(try(both.read, both)) --> 2 true line
print(try(both.read, both, 4)) --> 3 true rest
print(try(both.read, both, 1)) --> 3 false cannot wait inside trilune.atomic
print(try(os.execute, "exit 1")) --> 2 false cannot wait inside trilune.atomic
print(try(io.open, name)) --> 2 false cannot wait inside trilune.atomic
print(try(io.lines, name)) --> 2 false cannot wait inside trilune.atomic
local p = io.popen("cat", "w")
print(try(p.close, p)) --> 2 false cannot wait inside trilune.atomic
print(io.type(p), p:close()) --> file true exit 0
p = io.popen("exec sleep 1000")
print(try(p.read, p, "a")) --> 3 false cannot wait inside trilune.atomic
local w = io.popen("exec sleep 1000", "w")
print(try(function() for _ = 1, 1000 do w:write(("x"):rep(1000)) end end)) --> 1 false waits_in_atomic.lua:24: cannot wait inside trilune.atomic
-- Others had no turn meanwhile, and have one now.
local turns = 0
local other = tri.go(function() turns = turns + 1 end)
tri.atomic(function() pcall(both.read, both) both:write("x") both:read(1) print("atomic") io.write("too\n") end) --> atomic
--> too
print(turns) --> 0
other:join()
-- Regular files never wait.
os.remove(name)
print(try(function()
  local f <close> = io.open(name, "w+")
  f:write(("x"):rep(200000))
  f:seek("set")
  return #f:read("a")
end)) --> 1 true 200000
-- Cancelled ones end their children, which would else end with this script.
local g = tri.go(function() p:close() tri.yield() end)
local h = tri.go(function() w:close() tri.yield() end)
tri.yield()
g:cancel() h:cancel()
print(g:join()) --> false cancelled
print(h:join()) --> false cancelled
os.remove(name)
