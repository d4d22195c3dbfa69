-- keys gives each key once, up to a number; flush_all removes everything.
local d = require "trilune.dict".open("d")
local N = 10000
for i = 1, N do d:set("k" .. i, i) end
local seen, twice = {}, 0
for _, k in ipairs(d:keys()) do
  if seen[k] then twice = twice + 1 end
  seen[k] = true
end
local missing = 0
for i = 1, N do if not seen["k" .. i] then missing = missing + 1 end end
print(#d:keys(), twice, missing)               --> 10000 0 0
print(#d:keys(100), #d:keys(0), #d:keys(1e6))  --> 100 10000 10000
d:flush_all()
print(#d:keys(), d:get("k1"), d:stats().entries, d:stats().used)   --> 0 nil 0 0
