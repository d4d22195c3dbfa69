-- Each print, and each write, of several isolates stays in one piece, in every mode of buffering.
local tri = require "trilune"
if arg[1] ~= "prints" then
  for _, mode in ipairs { "full", "line", "no" } do
    local bad, count = 0, 0
    local from = io.popen(("exec /proc/$PPID/exe %s prints %s"):format(arg[0], mode))
    for line in from:lines() do
      count = count + 1
      local letter, a, b, c = line:match("^(%a)(%d+)\t(%d+)\t(.*)$")
      if not letter then letter, a, b, c = line:match("^(%a)(%d+) (%d+) (.*)$") end
      local n = tonumber(a)
      if not letter or a ~= b or c ~= letter:rep(n % 100 == 0 and 5000 or n % 50) then
        bad = bad + 1
        if bad < 5 then print("torn", #line, line:sub(1, 100)) end
      end
    end
    print(mode, count, bad, from:close())
  end
  --> full 2400 0 true exit 0
  --> line 2400 0 true exit 0
  --> no 2400 0 true exit 0
  return
end
local mode = arg[2]
local function program(letter, mode)
  io.stdout:setvbuf(mode)
  for n = 1, 300 do
    local rest = letter:rep(n % 100 == 0 and 5000 or n % 50)
    print(letter .. n, n, rest)
    io.write(letter, n, " ", n, " ", rest, "\n")
  end
end
local gs = {}
for i, letter in ipairs { "a", "b", "c", "d" } do gs[i] = tri.spawn(program, letter, mode) end
for _, g in ipairs(gs) do assert(g:join()) end
