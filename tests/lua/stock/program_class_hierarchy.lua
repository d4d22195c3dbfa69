-- Classes through __index chains, operators and varargs give what stock gives.
--! same-as-lua
local Vector = {}
Vector.__index = Vector
function Vector.new(...) return setmetatable({ ... }, Vector) end
for op, f in pairs {
  __add = function(x, y) return x + y end, __sub = function(x, y) return x - y end,
  __mul = function(x, y) return x * y end, __mod = function(x, y) return x % y end,
} do
  Vector[op] = function(a, b)
    local r = Vector.new()
    for i = 1, #a do r[i] = f(a[i], type(b) == "number" and b or b[i]) end
    return r
  end
end
Vector.__eq = function(a, b) for i = 1, #a do if a[i] ~= b[i] then return false end end return true end
Vector.__lt = function(a, b) return a[1] < b[1] end
Vector.__tostring = function(v) return "(" .. table.concat(v, ", ") .. ")" end
Vector.__concat = function(a, b) return tostring(a) .. tostring(b) end
Vector.__call = function(v, i) return v[i] end
Vector.__unm = function(v) return v * -1 end
local a, b = Vector.new(1, 2, 3), Vector.new(4, 5, 6.5)
print(tostring(a + b), tostring(a * 2), tostring(-a), tostring(b % 4))
print(a == Vector.new(1, 2, 3), a ~= b, a < b, a .. " and " .. b, b(2))
local list = { b, a, Vector.new(2) }
table.sort(list)
print(tostring(list[1]), tostring(list[2]), tostring(list[3]))
