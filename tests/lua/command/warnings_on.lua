-- -W turns warnings on from there.
--! same-as-lua
--! options -e "warn('not shown')" -W
--! stderr ^Lua warning: shown$
warn("shown")
