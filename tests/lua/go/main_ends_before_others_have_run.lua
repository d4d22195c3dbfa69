-- Gs that have not run when the main script ends never run.
local tri = require "trilune"
for _ = 1, 100 do tri.go(print, "never") end
print("end")   --> end
