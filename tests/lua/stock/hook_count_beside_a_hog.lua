-- While a hog takes turns with it, a script's hooks get exactly the events that they get under lua5.4.
--! same-as-lua
--! options --slice 50us
--! timeout 200
--! lua-options -W
local has_tri, tri = pcall(require, "trilune")
local stop, hog = false, nil
if has_tri then hog = tri.go(function() while not stop do end end) end
dofile "hook_count_beside_other_hooks.lua"
stop = true
if hog then assert(hog:join()) end
