-- require runs a file once with its name and path, and its position is in its errors.
--! same-as-lua
local dir = os.tmpname()
os.remove(dir)
os.execute("mkdir " .. dir)
local function write(name, text)
  local f = assert(io.open(dir .. "/" .. name .. ".lua", "w"))
  f:write(text)
  f:close()
end
write("good", "runs = (runs or 0) + 1; return { ... }")
write("bad", "local x = nil\nreturn x.y")
write("broken", "return return")
package.path = dir .. "/?.lua"
local function cut(s) return (tostring(s):gsub("%S*/", "")) end
local m, data = require "good"
print(m[1], cut(m[2]), cut(data), require "good" == m, runs)
print(cut(select(2, pcall(require, "bad"))))
print(cut(select(2, pcall(require, "broken"))))
print(pcall(loadfile, "no such file"))
print(cut(select(2, pcall(dofile, dir .. "/bad.lua"))))
print(select("#", dofile(dir .. "/good.lua")), runs)
os.execute("rm -r " .. dir)
