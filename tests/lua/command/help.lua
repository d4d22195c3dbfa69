-- --help explains every option on stdout, and runs nothing.
local p = io.popen("/proc/$PPID/exe --help no_such_script.lua 2>&1")
local text = p:read("a")
print(p:close())                                       --> true exit 0
for _, option in ipairs {
  "-e stat", "-i ", "-l mod", "-v ", "-E ", "-W ", "--procs n", "--version ", "--help ", "-- ", "- ",
} do
  if not text:find("\n  " .. option, 1, true) then print("not explained: " .. option) end
end
print(text:match("usage: [^\n]*"):gsub("/proc/%d+/exe", "trilune"))   --> usage: trilune [options] [script [args]] 1
for _, word in ipairs { "TRILUNE_PROCS", "LUA_INIT", "LUA_PATH", "LUA_CPATH", "Exit status" } do
  if not text:find(word, 1, true) then print("not mentioned: " .. word) end
end
