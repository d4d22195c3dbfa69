-- Error messages carry positions of the script, and none of the module.
local par = require "trilune.parallel"
local tri = require "trilune"
local function message(...) print(select(2, pcall(...))) end
local function same(v) return v end

message(par.map, function() error "here" end, {1})                      --> positions.lua:7: here
message(par.map, function() error("at the caller", 2) end, {1})         --> at the caller
message(par.map, same, function() error("at the caller", 2) end)        --> at the caller
message(par.map, same, coroutine.wrap(function() error "in a wrap" end))
--> positions.lua:10: in a wrap
message(tri.atomic, par.map, same, {1})                                 --> cannot wait inside trilune.atomic
message(par.map, same, {1}, {init = function() error("at the caller", 2) end})   --> at the caller
print((select(2, pcall(par.map, "no.such.module", {1})):match "[^\n]*"))
--> module 'no.such.module' not found:
