-- Scalars and strings arrive as they were sent, number subtypes included.
local copy = require "trilune.transfer".copy
print(copy(nil), copy(true), copy(false))            --> nil true false
for _, n in ipairs {0, -1, 127, 128, -128, -129, math.maxinteger,
  math.mininteger, 1 << 32} do
  assert(copy(n) == n and math.type(copy(n)) == "integer", n)
end
for _, x in ipairs {0.0, 1.0, -2.5, 2^53, 1 / 0, -1 / 0, 5e-324} do
  assert(copy(x) == x and math.type(copy(x)) == "float", x)
end
print(1 / copy(-0.0), 1 / copy(0.0))                 --> -inf inf
local nan = copy(0 / 0)
print(nan ~= nan, math.type(nan))                    --> true float
for _, size in ipairs {0, 1, 39, 40, 41, 254, 255, 256, 257, 5000, 1 << 20} do
  local s = ("\0z\255"):rep(size):sub(1, size)
  assert(copy(s) == s, size)
end
print(#copy("a\0b"))                                 --> 3
