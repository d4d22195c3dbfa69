-- debug.gethook gives the function, the mask and the count that were set.
--! same-as-lua
local function hook() end
local function show() local h, m, c = debug.gethook() print(h == hook, m, c) end
show()                                    --> false nil nil
debug.sethook(hook, "crl", 100) show()    --> true crl 100
debug.sethook(hook, "r") show()           --> true r 0
debug.sethook(hook, "", 123456) show()    --> true 123456
debug.sethook(hook, "") show()            --> false nil nil
debug.sethook(hook, "l", 1) show()        --> true l 1
debug.sethook() show()                    --> false nil nil
debug.sethook(coroutine.create(print), hook, "l") show() --> false nil nil
