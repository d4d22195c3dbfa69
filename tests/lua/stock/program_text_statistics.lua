-- Pattern matching over generated text counts its words as stock does.
--! same-as-lua
local words, text, seed = { "moon", "tide", "light", "crater", "orbit" }, {}, 7
for i = 1, 20000 do
  seed = (seed * 1103515245 + 12345) % 2147483648
  text[i] = words[seed // 65536 % #words + 1] .. (i % 11 == 0 and ".\n" or "")
end
text = table.concat(text, " ")
local count = {}
for w in text:gmatch("%a+") do count[w] = (count[w] or 0) + 1 end
for _, w in ipairs(words) do print(w, count[w]) end
local lines, longest = 0, 0
for line in text:gmatch("[^\n]+") do lines = lines + 1; longest = math.max(longest, #line) end
print(#text, lines, longest)
print((text:gsub("%f[%a](%a)(%a*)", function(a, b) return a:upper() .. b end):sub(1, 40)))
print(text:find("crater orbit moon", 1, true), text:match("()tide%.()"))
