-- Isolates that read standard input get whole lines, whatever they are read with.
local tri = require "trilune"
if arg[1] ~= "reads" then
  local out = io.popen(("exec /proc/$PPID/exe %s reads"):format(arg[0]), "w")
  -- In pieces that end within lines, and slowly enough that readers wait.
  local text = ("abcdef\n"):rep(3000)
  for at = 1, #text, 1000 do
    out:write(text:sub(at, at + 999))
    out:flush()
    tri.yield()
  end
  print(out:close()) --> 8 readers, 3000 lines
  --> true exit 0
  return
end
local function program(i)
  local formats = { "l", "L", 7, "l" }
  local format = formats[i % #formats + 1]
  local n = 0
  for line in io.lines(nil, format) do
    n = n + 1
    local want = (format == "l") and "abcdef" or "abcdef\n"
    if line ~= want then error(("torn: %q"):format(line)) end
  end
  return n
end
local gs, count = {}, 0
for i = 1, 8 do gs[i] = tri.spawn(program, i) end
for _, g in ipairs(gs) do
  local _, n = assert(g:join())
  count = count + n
end
print(#gs .. " readers, " .. count .. " lines")
