-- Refusals name the path; arguments are counted as in the call.
local tri = require "trilune"
local function try(...) print(select(2, pcall(tri.spawn, ...))) end
local co, mutex = coroutine.create(print), require("trilune.sync").mutex()
local function f() end
try(f, co)                          --> cannot send a thread (at argument #2)
try(f, 1, { a = { b = co } })       --> cannot send a thread (at argument #3.a.b)
try({ name = "x" }, f, co)          --> cannot send a thread (at argument #3)
try({ name = "x" }, f, 1, { mutex })   --> cannot send a userdata (at argument #4[1])
try(function() return co end)       --> cannot send a thread (at argument #1, upvalue 'co')
try({}, function() return mutex end)   --> cannot send a userdata (at argument #2, upvalue 'mutex')
try("module", tri.go(function() end))   --> cannot send a userdata (at argument #2)
print(pcall(tri.group, function(group) group:spawn(f, 1, co) end))     --> false cannot send a thread (at argument #3)
print(pcall(tri.group, function(group) group:spawn({}, f, co) end))    --> false cannot send a thread (at argument #3)
-- Results, too.
local function results(...) print((select(2, tri.spawn(...):join()))) end
results(function() return coroutine.create(print) end)            --> cannot send a thread (at result)
results(function() return 1, { x = coroutine.create(print) } end)  --> cannot send a thread (at result #2.x)
