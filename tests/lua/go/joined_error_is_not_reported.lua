-- An error that somebody joins, even late, is not reported.
local tri = require "trilune"
local early = tri.go(error, "early", 0)
print(table.unpack({early:join()}, 1, 2))              --> false early
local late = tri.go(error, "late", 0)
tri.yield()
collectgarbage()
print(table.unpack({late:join()}, 1, 2))               --> false late
local by_other = tri.go(error, "by another", 0)
print(table.unpack({tri.go(by_other.join, by_other):join()}, 1, 3))   --> true false by another
early, late, by_other = nil, nil, nil
collectgarbage() collectgarbage()
