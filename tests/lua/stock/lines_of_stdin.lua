-- io.lines walks standard input, with and without formats.
--! same-as-lua
--! stdin a\nbb\n\nccc\n1 2 3\nrest
local n = 0
for line in io.lines() do
  n = n + 1
  print(n, #line, line)
  if n == 4 then break end
end
for a, b in io.lines(nil, "n", "n") do print(a, b) if not b then break end end
for c in io.stdin:lines(1) do io.write("[", c, "]") end
print()
print(pcall(io.lines, "no such file"))
