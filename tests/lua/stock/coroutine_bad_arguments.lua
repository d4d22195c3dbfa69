-- The coroutine functions name the bad argument as stock Lua does.
--! same-as-lua
local calls = {
  { "create" }, { "create", 1 }, { "create", {} }, { "resume" }, { "resume", "x" }, { "resume", print },
  { "wrap" }, { "wrap", "f" }, { "status" }, { "status", {} }, { "close" }, { "close", 1 },
  { "isyieldable", 1 },
}
for _, c in ipairs(calls) do
  print(c[1], pcall(coroutine[c[1]], table.unpack(c, 2)))
  print(select(2, pcall(load("coroutine." .. c[1] .. "(...)", "=chunk"), table.unpack(c, 2))))
end
print(pcall(coroutine.create, setmetatable({}, { __call = print })))
