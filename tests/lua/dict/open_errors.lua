-- Options that mean nothing, sizes that are too small, and sizes other than the present one are refused.
local dict = require "trilune.dict"
local function bad(...) print((select(2, pcall(dict.open, ...)):gsub("^bad argument ", ""))) end
bad()                                  --> #1 to 'trilune.dict.open' (string expected, got no value)
bad("x", 1)                            --> #2 to 'trilune.dict.open' (table expected, got number)
bad("x", { siz = 1 })                  --> #2 to 'trilune.dict.open' (unknown option 'siz')
bad("x", { size = "1T" })              --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = "-1M" })             --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = "M" })               --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = "0" })               --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = "64M\0junk" })       --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = 0 })                 --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = 1.5 })               --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = "99999999999999G" }) --> #2 to 'trilune.dict.open' (size is no number of bytes)
bad("x", { size = 8191 })              --> #2 to 'trilune.dict.open' (size is too small: a shard needs 8192 bytes)
bad("x", { shards = 3 })               --> #2 to 'trilune.dict.open' (shards is no power of two up to 256)
bad("x", { size = "8K", shards = 2 })  --> #2 to 'trilune.dict.open' (size is too small: a shard needs 8192 bytes)
dict.open("x", { size = "1M" })
bad("x", { size = "2M" })              --> #2 to 'trilune.dict.open' (the dictionary exists with another size)
print(dict.open("x", { size = 1 << 20 }) == dict.open("x"))   --> true
