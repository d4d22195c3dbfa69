-- What has no __close cannot be a to-be-closed variable: a channel, a G, a semaphore.
local tri = require "trilune"
local sync = require "trilune.sync"
for _, v in ipairs { tri.chan(), tri.self(), sync.semaphore(1), sync.waitgroup(), sync.once() } do
  local ok, m = pcall(function() local x <close> = v end)
  print(ok, m:match("variable 'x' got a non%-closable value"))
end
--> false variable 'x' got a non-closable value
--> false variable 'x' got a non-closable value
--> false variable 'x' got a non-closable value
--> false variable 'x' got a non-closable value
--> false variable 'x' got a non-closable value
