-- Calling a finished or failed wrap raises "cannot resume dead coroutine" each time.
--! same-as-lua
local ended = coroutine.wrap(function() return "end" end)
print(ended())                                --> end
print(select(2, pcall(ended)))                --> cannot resume dead coroutine
print(select(2, pcall(ended)))                --> cannot resume dead coroutine
local failed = coroutine.wrap(function() error("once", 0) end)
print(select(2, pcall(failed)))               --> once
print(select(2, pcall(failed)))               --> cannot resume dead coroutine
print((select(2, pcall(function() failed() end)):gsub("^.*/", "")))
--> coroutine_wrap_of_dead.lua:10: cannot resume dead coroutine
