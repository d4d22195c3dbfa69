-- Every wait works inside the iterator and the body of a generic for loop.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local log = {}
  for i, square in function(limit, i)
    i = wait(i) + 1
    if i <= limit then return i, wait(i * i) end
  end, 4, 0 do
    log[#log + 1] = wait(i) .. ":" .. square
  end
  return table.concat(log, " ")
end))
--> 1:1 2:4 3:9 4:16
