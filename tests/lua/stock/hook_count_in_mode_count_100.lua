-- In mode count:100 a script's hooks get exactly the events that they get under lua5.4.
--! same-as-lua
--! options --preempt count:100
--! lua-options -W
dofile "hook_count_beside_other_hooks.lua"
