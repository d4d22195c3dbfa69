-- An error in the function cancels the Gs, waits for their ends, and is raised as it was.
local tri = require "trilune"
local log = {}
local object = {}
local ok, e = pcall(tri.group, function(group)
  for i = 1, 3 do
    group:go(function()
      local t <close> = setmetatable({}, { __close = function() log[#log + 1] = "closed" end })
      tri.chan():recv()
    end)
  end
  tri.yield()
  error(object)
end)
print(ok, e == object, table.concat(log, " "))   --> false true closed closed closed
