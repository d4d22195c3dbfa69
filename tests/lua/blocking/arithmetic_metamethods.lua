-- Every wait works inside each arithmetic metamethod, on either side.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
print(everywhere(function(wait)
  local mt = {}
  for _, op in ipairs { "add", "sub", "mul", "div", "mod", "pow", "idiv" } do
    mt["__" .. op] = function(a, b)
      return wait(op) .. (type(a) == "number" and "<" or ">")
    end
  end
  mt.__unm = function() return wait("unm") end
  local o = setmetatable({}, mt)
  return o + 1, 1 + o, o - 1, 1 - o, o * 2, 2 * o, o / 1, 1 / o, o % 2, 2 % o, o ^ 2, 2 ^ o, o // 1, 1 // o, -o
end))
--> add> add< sub> sub< mul> mul< div> div< mod> mod< pow> pow< idiv> idiv< unm
