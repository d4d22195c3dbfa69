-- In mode count:7 a script's hooks get exactly the events that they get under lua5.4.
--! same-as-lua
--! options --preempt count:7
--! lua-options -W
dofile "hook_count_beside_other_hooks.lua"
