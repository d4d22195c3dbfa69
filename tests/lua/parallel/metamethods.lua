-- A list may have __len and __index.
local par = require "trilune.parallel"

local squares = setmetatable({}, {
  __len = function() return 5 end,
  __index = function(_, i) return i * i end,
})
print(table.concat(par.map(function(v) return v end, squares), " "))  --> 1 4 9 16 25
