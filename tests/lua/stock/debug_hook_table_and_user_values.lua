--! same-as-lua
-- What the official test suite asks of the registry's table of hooks and of the user values of files.
print(debug.getregistry()._HOOKKEY)
debug.sethook(function() end, "", 1000)
local hooks = debug.getregistry()._HOOKKEY
print(type(hooks), getmetatable(hooks).__mode)
debug.sethook()
local f = io.tmpfile()
f:write("x")
for _, file in ipairs { io.stdin, io.stdout, f } do
  print(debug.setuservalue(file, 10), debug.getuservalue(file), debug.getuservalue(file, 2))
end
f:close()
print(debug.setuservalue(f, 10), debug.getuservalue(f, 0), debug.setuservalue(f, 10, 2))
print(pcall(debug.setuservalue, 2, 10))
print(pcall(debug.setuservalue, {}, {}))
print(pcall(debug.setuservalue, io.stdin))
print(debug.getuservalue(2), debug.getuservalue({}))
