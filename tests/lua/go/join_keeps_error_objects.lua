-- join gives error objects as they are: the same table, nil, false, a number.
local tri = require "trilune"
local object = {}
local ok, e = tri.go(error, object):join()
print(ok, e == object)                               --> false true
print(table.unpack({tri.go(error):join()}, 1, 2))      --> false nil
print(table.unpack({tri.go(error, false):join()}, 1, 2))                   --> false false
print(math.type(select(2, tri.go(error, 7):join()))) --> integer
