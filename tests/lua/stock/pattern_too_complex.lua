-- A pattern that needs too much C recursion raises "pattern too complex".
--! same-as-lua
print(pcall(string.find, string.rep("x", 300000), string.rep("x?", 300000)))  --> false pattern too complex
local x = string.rep("x", 1000)
print(string.find(x .. "y", x .. "y"))                                        --> 1 1001
print(pcall(string.rep, "x", 1 << 62))                                        --> false resulting string too large
