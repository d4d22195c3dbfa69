-- error puts the position of the level that is asked for in front of strings only.
--! same-as-lua
local function f(level) error("message", level) end
local function g(level) f(level) return 1 end
for level = 0, 3 do
  print(level, (select(2, pcall(g, level))))
end
print(select(2, pcall(error, { 1 })) ~= nil, select(2, pcall(error, 7, 1)))
print(pcall(error))
print(pcall(error, nil, 2))
print(select(2, pcall(error, "text", 99)))
print(pcall(assert, false))
print(pcall(assert, nil, "own message"))
print(select(2, pcall(assert, false, print)) == print)
print(pcall(assert))
