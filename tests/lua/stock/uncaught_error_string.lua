-- An uncaught error prints the message and a traceback and exits with 1, after closing variables.
--! same-as-lua
--! exit 1
--! stderr boom
--! stderr stack traceback:
local t <close> = setmetatable({}, { __close = function(_, e) print("closed with an error", e ~= nil) end })
local function inner() error("boom") end
local function outer() inner() end
print("before")
outer()
--> before
--> closed with an error true
