-- Bad arguments of tri.preload.
local tri = require "trilune"
local function try(...) print(select(2, pcall(tri.preload, ...))) end
try()                              --> bad argument #1 to 'trilune.preload' (table expected, got no value)
try { 12 }                         --> bad argument #1 to 'preload' (module 1 is a number, not a string)
try { "lib.helper", print }        --> bad argument #1 to 'preload' (module 2 is a function, not a string)
try { spares = 65 }                --> bad argument #1 to 'trilune.preload' (spares must be an integer from 0 to 64)
try { spares = -1 }                --> bad argument #1 to 'trilune.preload' (spares must be an integer from 0 to 64)
try { spares = 1.5 }               --> bad argument #1 to 'trilune.preload' (spares must be an integer from 0 to 64)
