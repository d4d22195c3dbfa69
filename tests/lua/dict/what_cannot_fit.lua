-- A value larger than a shard is refused, and nothing is evicted or replaced for it; nor by a safe write or a push.
local dict = require "trilune.dict"
local d = dict.open("small", { size = "8K", shards = 1 })
d:set("k", "old")
print(d:set("k", ("x"):rep(10000)))       --> false no memory
print(d:get("k"), d:stats().evicted)      --> old 0
local n = 0
while d:safe_set("s" .. n, ("x"):rep(600)) do n = n + 1 end
print(n > 5, d:safe_set("more", ("x"):rep(600)))   --> true false no memory
print(d:safe_add("more", ("x"):rep(600))) --> false no memory
print(d:get("k"), d:stats().evicted)      --> old 0
print(d:lpush("list", ("x"):rep(600)))    --> nil no memory
print(d:llen("list"), d:stats().evicted)  --> 0 0
print(d:safe_set("k", "new"), d:get("k")) --> true new
print(d:set("big", ("x"):rep(6000)))      --> true nil true
print(d:get("k"), #d:get("big"))          --> new 6000
