-- The glider of Conway's game moves one cell down and right in four steps.
--! same-as-lua
local W, H = 8, 6
local cells = {}
for _, p in ipairs { { 2, 1 }, { 3, 2 }, { 1, 3 }, { 2, 3 }, { 3, 3 } } do cells[p[2] * W + p[1]] = true end
local function step(old)
  local n, new = {}, {}
  for at in pairs(old) do
    for dy = -1, 1 do
      for dx = -1, 1 do
        if dx ~= 0 or dy ~= 0 then
          local k = (at // W + dy) % H * W + (at + dx) % W
          n[k] = (n[k] or 0) + 1
        end
      end
    end
  end
  for at, c in pairs(n) do if c == 3 or c == 2 and old[at] then new[at] = true end end
  return new
end
for _ = 1, 4 do cells = step(cells) end
for y = 0, H - 1 do
  local row = {}
  for x = 0, W - 1 do row[#row + 1] = cells[y * W + x] and "#" or "." end
  print(table.concat(row))
end
--> ........
--> ........
--> ...#....
--> ....#...
--> ..###...
--> ........
