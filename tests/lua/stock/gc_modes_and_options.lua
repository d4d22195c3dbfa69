-- collectgarbage takes every option; the command starts generational, as lua does.
--! same-as-lua
print(collectgarbage("incremental"))                  --> generational
print(collectgarbage("generational"))                 --> incremental
print(collectgarbage("generational", 10, 50))         --> generational
print(collectgarbage("incremental", 150, 200, 12))    --> generational
print(collectgarbage("setpause", 100))                --> 148
print(collectgarbage("setstepmul", 300))              --> 200
print(collectgarbage("isrunning"))                    --> true
print(collectgarbage("stop"), collectgarbage("isrunning"))    --> 0 false
print(collectgarbage("restart"), collectgarbage("isrunning")) --> 0 true
print(collectgarbage(), collectgarbage("collect"))    --> 0 0
print(collectgarbage("step", 0) ~= nil, collectgarbage("step", 100000)) --> true true
print(math.type(collectgarbage("count")))             --> float
print(pcall(collectgarbage, "bogus"))                 --> false bad argument #1 to 'collectgarbage' (invalid option 'bogus')
