-- options.limit bounds a message, whatever it would hold.
local transfer = require "trilune.transfer"
local function try(...) print(select(2, pcall(transfer.copy, ...))) end
try(("x"):rep(100), {limit = 50})        --> message too large: 50 bytes at most
try({{{{{{1}}}}}}, {limit = 50})         --> message too large: 50 bytes at most
try(function() end, {limit = 50})        --> message too large: 50 bytes at most
try(1, {limit = 0})                      --> message too large: 0 bytes at most
local t = {}
for i = 1, 10000 do t[i] = ("x"):rep(i % 100) end
local size = transfer.size(t)
print(#transfer.copy(t, {limit = size}))  --> 10000
print(pcall(transfer.copy, t, {limit = size - 1}) == false)  --> true
print(pcall(transfer.copy))              --> false bad argument #1 to 'trilune.transfer.copy' (value expected)
print(pcall(transfer.copy, 1, 2))        --> false bad argument #2 to 'trilune.transfer.copy' (table expected, got number)
print(pcall(transfer.copy, 1, {limit = -1}))  --> false bad argument #2 to 'trilune.transfer.copy' (limit is no number of bytes)
