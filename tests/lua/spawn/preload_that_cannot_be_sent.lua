-- A loader in package.preload that cannot be sent is named.
local tri = require "trilune"
local co = coroutine.create(print)
package.preload.mine = function() return co end
print(pcall(tri.spawn, print))   --> false cannot send a thread (at package.preload.mine, upvalue 'co')
package.preload.mine = nil
print(tri.spawn(function() return 1 end):join())   --> true 1
