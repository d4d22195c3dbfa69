-- open gives the dictionary of a name, made at the first time; other names are other dictionaries.
local dict = require "trilune.dict"
local a = dict.open("a")
print(a == dict.open("a"), a == dict("a"), a == dict.open("b"))   --> true true false
a:set("k", 1)
print(dict.open("a"):get("k"), dict.open("b"):get("k"))           --> 1 nil
print(a:name(), a:capacity())                                     --> a 67108864
print(dict.open("s", { size = "2M", shards = 4 }):capacity())     --> 2097152
print(dict.open("s"):stats().shards)                              --> 4
print(tostring(a):match("^dictionary: "))                         --> dictionary:
