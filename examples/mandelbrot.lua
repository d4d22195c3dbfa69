-- The Mandelbrot set, in parallel. Each line of the picture is computed in an
-- isolate, on any core, and comes back in its place.
--
-- Run it: trilune mandelbrot.lua [columns [iterations]]
--         trilune --procs 1 mandelbrot.lua    for comparison
local tri = require "trilune"
local par = require "trilune.parallel"

local columns = tonumber((...)) or 78
local most = tonumber((select(2, ...))) or 20000
local lines = columns // 2 | 1
local shades = " .:-=+*#%@"

-- Upvalues are copied to the isolates: a copy may be used, but not shared.
local function draw(_, line)
  local row, y = {}, (line - 1) / (lines - 1) * 2.4 - 1.2
  for column = 1, columns do
    local x = (column - 1) / (columns - 1) * 3 - 2.1
    local a, b, n = 0.0, 0.0, 0
    while n < most and a * a + b * b <= 4 do
      a, b, n = a * a - b * b + x, 2 * a * b + y, n + 1
    end
    local shade = n == most and #shades or math.min(n // 2, #shades - 2) + 1
    row[column] = shades:sub(shade, shade)
  end
  return table.concat(row)
end

local started = tri.now()
local picture = par.map(draw, par.range(1, lines))
print(table.concat(picture, "\n"))
print(("%d lines, %d processors, %.2f seconds"):format(lines, tri.procs(), tri.now() - started))
