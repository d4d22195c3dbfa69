-- trilune.atomic for longer than a slice is reported, once each, with its place.
--! options --slice 1ms
--! stderr ^trilune: goroutine 1 is in trilune.atomic for \d+ ms: no other goroutine of its isolate can run\nstack traceback:\n(.*\n)*.*in function 'trilune.atomic'$
local tri = require "trilune"
tri.go(function() end)
local function long()
  for i = 1, 3e7 do end
end
tri.atomic(long)
print "end"                                    --> end
