-- warn is off at the start; @on, @off and pieces work as in stock.
--! same-as-lua
--! stderr Lua warning: shown
warn("not shown")
warn("@on")
warn("shown")
warn("in ", "three ", "pieces")
warn("@unknown control is ignored")
warn("@off")
warn("not shown")
warn("@on")
warn("again")
print(pcall(warn), pcall(warn, {}))
