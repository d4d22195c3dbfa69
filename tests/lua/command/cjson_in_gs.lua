-- Debian's cjson module works, in Gs too.
local tri = require "trilune"
local cjson = require "cjson"
local gs = {}
for i = 1, 50 do
  gs[i] = tri.go(function()
    local text = cjson.encode({ id = i, list = { 1, 2.5, "x", cjson.null } })
    tri.yield()
    local t = cjson.decode(text)
    return t.id == i and #t.list == 4 and t.list[4] == cjson.null
  end)
end
local right = 0
for _, g in ipairs(gs) do if select(2, g:join()) then right = right + 1 end end
print(right)                                  --> 50
print(pcall(cjson.decode, "{bad"))            --> false Expected object key string but found invalid token at character 2
