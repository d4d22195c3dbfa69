-- Strings of all lengths: by concatenation, table.concat, format, rep.
local rounds = tonumber(arg[1]) or 120

local total = 0
for round = 1, rounds do
  local text = ""
  for i = 1, 2000 do text = text .. (i + round) end
  total = total + #text
  local parts = {}
  for i = 1, 5000 do parts[#parts + 1] = ("%d:%s"):format(i, round) end
  local all = table.concat(parts, ",")
  for part in all:gmatch("[^,]+") do total = total + #part end
  for i = 1, 2000 do
    local line = ("x"):rep(i % 300 + round)
    total = total + #(line .. i .. line)
  end
end
print("result=" .. total)
