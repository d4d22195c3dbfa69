-- Strings built, split, matched and put together.
local rounds = tonumber(arg[1]) or 700

local words = {}
for i = 1, 2000 do words[i] = ("word%d"):format(i * 37 % 1009) end

local total = 0
for round = 1, rounds do
  local text = table.concat(words, " ")
  local seen = {}
  for word in text:gmatch("%a+%d+") do seen[word] = (seen[word] or 0) + 1 end
  local upper = text:gsub("word(%d)", "%1:"):upper()
  total = total + #upper
  for i = 1, #words do
    local word = words[i]
    if word:find("9", 1, true) then total = total + seen[word] end
    total = total + word:byte(-1)
  end
  local built = ""
  for i = 1, 800 do built = built .. string.char(65 + (i + round) % 26) end
  total = total + #built:rep(3):reverse():sub(2, -2)
end
print("result=" .. total)
