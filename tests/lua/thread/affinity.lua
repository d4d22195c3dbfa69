-- A locked G may choose its CPUs; the thread gets the others back when the G unlocks it.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local before, cpus = thread.cpus(), thread.cpu_list()
local first = tostring(cpus[1])
tri.lockthread()
print(tri.setaffinity { cpus[1] })          --> true
print(thread.cpus() == first)               --> true
tri.sleep(0.001)
print(thread.cpus() == first)               --> true
print(tri.go(function() return thread.cpus() == before end):join())   --> true true
tri.lockthread()
print(tri.setaffinity(cpus))                --> true
print(thread.cpus() == before)              --> true
print(tri.setaffinity { cpus[1] })          --> true
tri.unlockthread()
print(thread.cpus() == first)               --> true
tri.unlockthread()
print(thread.cpus() == before)              --> true
