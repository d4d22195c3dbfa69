-- What cannot be sent is an error that says where it is.
local copy = require "trilune.transfer".copy
local function try(value, options) print(select(2, pcall(copy, value, options))) end
local file = assert(io.tmpfile())
local co = coroutine.create(print)
try(file)                       --> cannot send a userdata (at value)
try {items = {1, 2, {file = file}}}  --> cannot send a userdata (at value.items[3].file)
try {items = {[file] = 1}}      --> cannot send a userdata (at a key of value.items)
try {[{file}] = 1}              --> cannot send a userdata (at value[a key][1])
try {["a b"] = {[true] = co}}   --> cannot send a thread (at value["a b"][true])
try {["end"] = {[1.5] = co}}    --> cannot send a thread (at value["end"][1.5])
try {["\0\""] = co}             --> cannot send a thread (at value["\000\""])
local db = co
local function callback() return db end
try {callback = callback}       --> cannot send a thread (at value.callback, upvalue 'db')
try {function() return callback end}  --> cannot send a thread (at value[1], upvalue 'callback', upvalue 'db')
try {string.gmatch("", "")}     --> cannot send a C function with upvalues (at value[1])
try(setmetatable({}, {__index = {co}}), {metatables = true})  --> cannot send a thread (at value, metatable.__index[1])
local deep = {co}
for _ = 1, 20 do deep = {x = deep} end
try(deep)                       --> cannot send a thread (at value.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x[1])
for _ = 1, 100000 do deep = {x = deep} end
local _, message = pcall(copy, deep)
print(#message < 300, message:find("value.x.x.x", 1, true) ~= nil,
  message:find("...", 1, true) ~= nil, message:sub(-6))   --> true true true .x[1])
-- With the place of the call, as other errors.
local ok, where = pcall(function() local c = copy(co) return c end)
print(ok, where:match(":%d+: (.*)"))  --> false cannot send a thread (at value)
