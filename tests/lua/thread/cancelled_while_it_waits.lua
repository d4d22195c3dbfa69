-- A locked G that waits is cancelled like any other, and its close handlers run on its thread. A G that asks for its
-- thread is waiting as well; so the main script cancels it only once it has passed that.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local id
local g = tri.go(function()
  tri.lockthread()
  id = thread.id()
  local t <close> = setmetatable({}, { __close = function() print("close", thread.id() == id) end })
  tri.chan():recv()
end)
while not id or g:status() ~= "waiting" do tri.yield() end
print(g:cancel("enough"))   --> true
print(g:join())
--> close true
--> false enough
print(thread.id() ~= id)    --> true
