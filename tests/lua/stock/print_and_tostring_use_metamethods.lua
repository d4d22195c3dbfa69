-- print and tostring use __tostring and __name, and refuse a __tostring that gives no string.
--! same-as-lua
print(setmetatable({}, { __tostring = function() return "shown" end }))
print((tostring(setmetatable({}, { __name = "My.Type" })):gsub("0x%x+", "ADDR")))
print(pcall(tostring, setmetatable({}, { __tostring = function() return 1 end })))
print(pcall(print, setmetatable({}, { __tostring = function() error("in it", 0) end })))
print(1, 1.0, -0.0, 1e100, 2^53, 1 / 0, -1 / 0, math.maxinteger, math.mininteger, 0x7fffffffffffffff + 1)
print(tostring(0 / 0):gsub("-", ""), 3 // 0.0, 3 % -2, -3 % 2, 3.5 // 1)
print(nil, true, "a\0b" == "a\0b", #"a\0b")
