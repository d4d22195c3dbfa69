-- A traceback names global functions and members of modules as stock Lua does, also when that changes.
local tri = require "trilune"
local concat = table.concat

-- What is said of each function of the failed G, the error function left out.
local function names(body, ...)
  local ok, _, trace = tri.go(body, ...):join()
  assert(not ok)
  local list = {}
  for name in trace:gmatch "\n\t[^\n]*: in ([^\n]*)" do list[#list + 1] = name end
  if list[1] == "function 'error'" then table.remove(list, 1) end
  return concat(list, ", ")
end
local function show(...) print((names(...):gsub("traceback_has_global_names", "FILE"))) end

-- Twice each: found by a search, and known already.
function globalone() error {} end
for _ = 1, 2 do show(globalone) end
--> function 'globalone'
--> function 'globalone'

package.loaded.mymodule = { act = function() error {} end }
local alias = package.loaded.mymodule.act
for _ = 1, 2 do show(function() alias() end) end
--> function 'mymodule.act', function <FILE.lua:24>
--> function 'mymodule.act', function <FILE.lua:24>

-- C functions, whatever they are called by; a "module" that is a function.
for _ = 1, 2 do show(function() concat({ {} }) end) end
--> function 'table.concat', function <FILE.lua:29>
--> function 'table.concat', function <FILE.lua:29>
package.loaded["_G.odd"] = function() error {} end
for _ = 1, 2 do show(package.loaded["_G.odd"]) end
--> function 'odd'
--> function 'odd'

-- Renamed, moved, removed.
newname, globalone = globalone, nil
show(newname)   --> function 'newname'
local old
old, newname = newname, nil
show(old)       --> function <FILE.lua:17>
table.concat, table.join = nil, concat
show(function() concat({ {} }) end)   --> function 'table.join', function <FILE.lua:44>
table.concat, table.join = concat, nil

-- Two functions of one definition, of which one is global: neither has the other's name.
local function make() return function() error {} end end
twin = make()
local other = make()
show(twin)    --> function 'twin'
show(other)   --> function <FILE.lua:48>
show(twin)    --> function 'twin'
show(other)   --> function <FILE.lua:48>
local wrapped = coroutine.wrap(function() end)
wrapped()
show(function() wrapped() end)   --> upvalue 'wrapped', function <FILE.lua:57>

-- One that was local when it failed first is named at once when a module was loaded with it, and in the end if not.
local late = function() error {} end
show(late)    --> function <FILE.lua:60>
package.preload.late = function() return { come = late } end
require "late"
show(late)    --> function 'late.come'
local later = function() error {} end
show(later)   --> function <FILE.lua:65>
evenlater = later
local turns = 0
repeat
  turns = turns + 1
  local said = names(later)
until said == "function 'evenlater'" or turns == 1000
print(turns <= 300)   --> true

-- A long name; not a table; nothing to be found in; a collector that is at work.
local long = ("x"):rep(300)
package.loaded[long] = { [long] = later }
evenlater = nil
for _ = 1, 2 do print(names(later) == "function '" .. long .. "." .. long .. "'") end
--> true
--> true
package.loaded[long] = nil
local registry = debug.getregistry()
local loaded = registry._LOADED
registry._LOADED = nil
show(function() concat({ {} }) end)   --> upvalue 'concat', function <FILE.lua:86>
registry._LOADED = loaded
collectgarbage "generational"
for i = 1, 500 do
  local body = load("return function() error {} end", "=chunk" .. i)()
  assert(names(body) == ("function <chunk%d:1>"):format(i))
end
