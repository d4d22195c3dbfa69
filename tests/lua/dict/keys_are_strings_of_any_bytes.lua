-- A key is any string of up to 65535 bytes, the empty one too; a number is its text.
local d = require "trilune.dict".open("d")
local keys = { "", "\0", "\0\0", "a\0b", "a\0c", ("k"):rep(65535), ("k"):rep(65534) }
for i, k in ipairs(keys) do d:set(k, i) end
local wrong = 0
for i, k in ipairs(keys) do if d:get(k) ~= i then wrong = wrong + 1 end end
print(wrong)                              --> 0
d:set(1, "one") d:set(1.0, "float")
print(d:get("1"), d:get(1), d:get("1.0")) --> one one float
