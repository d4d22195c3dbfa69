-- A line hook sees each line that runs, in order, in callbacks from C too.
--! same-as-lua
local lines = {}
local function record(_, line) lines[#lines + 1] = line end
debug.sethook(record, "l")
for i = 1, 2 do
  local x = i
  if x == 1 then
    x = x + 1
  end
end
local s = ("ab"):gsub(".", function(c)
  return c
end)
debug.sethook()
print(table.concat(lines, " "))   --> 6 7 8 9 6 7 8 6 12 14 12 13 13 15
