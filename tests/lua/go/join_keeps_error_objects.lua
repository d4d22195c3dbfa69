-- join gives error objects as they are: the same table, nil, false, a number.
local tri = require "trilune"
local object = {}
local ok, e = tri.go(error, object):join()
print(ok, e == object)                               --> false true
print(select("#", tri.go(error):join()), tri.go(error):join())  --> 2 false nil
print(tri.go(error, false):join())                   --> false false
print(math.type(select(2, tri.go(error, 7):join()))) --> integer
