-- What is kept outside of the Lua heap counts or has a limit, too.
local tri = require "trilune"
local function run(f) print(tri.spawn({ memory = "4M" }, f):join(60)) end

-- Names and tracebacks are cut.
run(function()                     --> true 200 true
  local tri = require "trilune"
  local name = tri.spawn({ name = ("n"):rep(1e5) }, function() end)
  local _, _, trace = tri.spawn(function()
    local function fail() error({}) end
    package.loaded[("m"):rep(1e5)] = { f = fail }  -- the name of `fail`, from now on
    fail()
  end):join()
  return #tostring(name):match "'(n+)'", #trace > 1000 and #trace <= 8192
end)
-- Handles of programs that have ended: what they may still have to tell.
run(function()                     --> true false not enough memory true
  local tri = require "trilune"
  local kept, made = {}, 0
  local reserve = ("r"):rep(1e5)   -- to be able to say it
  local ok, e = pcall(function()
    while true do
      kept[made] = tri.spawn(function() end)
      kept[made]:join()
      made = made + 1
    end
  end)
  kept, reserve = nil, nil
  return ok, e:match "not enough memory", made > 100 and made < 5000
end)
-- Timers, without a G or a value of the script's own.
run(function()                     --> true false not enough memory
  local tri = require "trilune"
  local reserve = ("r"):rep(1e5)
  local kept = {}
  local ok, e = pcall(function() while true do kept[#kept + 1] = tri.after(1e6) end end)
  reserve, kept = nil, nil
  return ok, e:match "not enough memory"
end)
