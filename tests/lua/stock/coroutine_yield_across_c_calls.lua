-- coroutine.yield below a C function without a continuation raises, and the coroutine goes on.
--! same-as-lua
local yielder = setmetatable({}, {
  __index = coroutine.yield, __tostring = coroutine.yield, __len = coroutine.yield,
})
local cases = {
  sort = function() table.sort({ 3, 2, 1 }, coroutine.yield) end,
  gsub = function() string.gsub("abc", ".", coroutine.yield) end,
  gsub_index = function() string.gsub("abc", ".", yielder) end,
  tostring = function() return tostring(yielder) end,
  format = function() return string.format("%s", yielder) end,
  concat = function() return table.concat(yielder, ",", 1, 2) end,
  unpack = function() return table.unpack(yielder, 1, 2) end,
  insert = function() table.insert(yielder, 1) end,
  load = function() assert(load(coroutine.yield)) end,
  require = function() package.preload.yielding = coroutine.yield; require "yielding" end,
}
local names = {}
for name in pairs(cases) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  local co = coroutine.create(function() return name, pcall(cases[name]) end)
  print(coroutine.resume(co))
end
