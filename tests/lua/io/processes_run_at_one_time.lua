-- Gs wait for children side by side: each child ends only once the next one has begun.
local tri = require "trilune"
local dir = os.tmpname()
os.remove(dir)
assert(os.execute("mkdir " .. dir))
local n = 6
tri.group(function(group)
  for i = 1, n do
    group:go(function()
      -- Makes its own mark, and waits for all marks.
      local command = ("touch %s/%d; while [ $(ls %s | wc -l) -lt %d ]; do sleep 0.01; done; exit %d"):format(dir, i, dir, n, i)
      if i % 3 == 0 then
        assert(select(3, os.execute(command)) == i)
      elseif i % 3 == 1 then
        local f = io.popen(command .. " >/dev/null; echo never")
        assert(f:read("a") == "")
        assert(select(3, f:close()) == i)
      else
        assert(select(3, io.popen(command, "w"):close()) == i)
      end
    end)
  end
end)
os.execute("rm -r " .. dir)
print("all ended") --> all ended
