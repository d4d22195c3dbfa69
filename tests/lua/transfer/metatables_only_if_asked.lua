-- Metatables stay behind unless options.metatables asks for them; then they
-- are set last, so that finalizers and weak tables work.
local copy = require "trilune.transfer".copy
local class = {__index = {greet = function(self) return "hi " .. self.name end}}
local a, b = setmetatable({name = "a"}, class), setmetatable({name = "b"}, class)
print(getmetatable(copy(a)))                          --> nil
local c = copy({a, b}, {metatables = true})
print(c[1]:greet(), c[2]:greet())                     --> hi a hi b
print(getmetatable(c[1]) == getmetatable(c[2]), getmetatable(c[1]) ~= class)  --> true true
local finalized = 0
package.preload.note = function()
  return {finalized = function() finalized = finalized + 1 end}
end
local note = require "note".finalized
local original = setmetatable({}, {__gc = function() note() end})
local f = copy(original, {metatables = true})
f = nil
collectgarbage()
print(finalized, original ~= f)                       --> 1 true
local weak = copy({setmetatable({{}}, {__mode = "v"})}, {metatables = true})
collectgarbage()
print(#weak[1])                                       --> 0
-- Its own metatable.
local own = {}
setmetatable(own, own)
local o = copy(own, {metatables = true})
print(getmetatable(o) == o)                           --> true
-- One that is in a module arrives as the module's own.
package.preload.class = function() return class end
require "class"
print(getmetatable(copy(a, {metatables = true})) == class)  --> true
