-- coroutine.yield in the main chunk raises, also below pcall, and names no position.
--! same-as-lua
print(pcall(coroutine.yield))            --> false attempt to yield from outside a coroutine
print(pcall(coroutine.yield, 1, 2))      --> false attempt to yield from outside a coroutine
print(pcall(function() return coroutine.yield() end)) --> false attempt to yield from outside a coroutine
print(pcall(table.sort, { 2, 1 }, coroutine.yield))   --> false attempt to yield from outside a coroutine
print(coroutine.wrap(function() return "still fine" end)()) --> still fine
