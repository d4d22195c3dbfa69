-- wrap gives a plain function: callable from C, usable as a metamethod and as an iterator.
--! same-as-lua
local next_digit = coroutine.wrap(function()
  for i = 1, 9 do coroutine.yield(i) end
end)
print(("xxxx"):gsub("x", next_digit))                       --> 1234 4
print(setmetatable({}, { __index = next_digit }).anything)  --> 5
print(setmetatable({}, { __call = next_digit })())          --> 6
print(pcall(next_digit))                                    --> true 7
print(type(next_digit), debug.getinfo(next_digit, "S").what) --> function C
for d in next_digit do io.write(d, " ") end print()         --> 8 9
