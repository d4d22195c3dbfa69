-- Arguments reach the body and results reach join, nils and their number included.
local tri = require "trilune"
local function body(...)
  tri.yield()
  return select("#", ...), ...
end
local function show(...) print(select("#", ...), ...) end
show(tri.go(body):join())                       --> 2 true 0
show(tri.go(body, nil):join())                  --> 3 true 1 nil
show(tri.go(body, 1, nil, "three", nil):join()) --> 6 true 4 1 nil three nil
show(tri.go(function() end):join())             --> 1 true
show(tri.go(function() return nil end):join())  --> 2 true nil
