-- A module file may wait, start Gs and receive at its top level.
package.path = "../lib/?.lua;" .. package.path
local stop = require "crowd" (100)
local m = require "waits_while_loading"
print(m.sum, m.sorted, require "waits_while_loading" == m)  --> 5050 1 2 3 true
stop()
