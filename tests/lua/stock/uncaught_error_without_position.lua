-- An uncaught error of level 0 has no position in its message.
--! same-as-lua
--! exit 1
--! stderr : bare message$
error("bare message", 0)
