-- Grammars that nest match-time captures to Lua's own limit fail with an error in every kind of G.
local tri = require "trilune"
local lpeg = require "lpeg"
local function down(depth)
  local p = lpeg.Cmt(lpeg.P(true), function(_, at)
    if depth.n < 1000 then
      depth.n = depth.n + 1
      down(depth)
    end
    return at
  end)
  return p:match("x")
end
local function try()
  local depth = { n = 0 }
  local ok, m = pcall(down, depth)
  return ok, tostring(m):match("stack overflow"), depth.n > 100
end
print(try())                                           --> false stack overflow true
print(tri.go(try):join())                              --> true false stack overflow true
print(tri.go(coroutine.wrap(try)):join())              --> true false stack overflow true
