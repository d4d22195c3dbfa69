-- A G that makes many others is stopped in between, and what it has made runs then: it does not pile up.
--! options --procs 1 --slice 1ms
local tri = require "trilune"
local ended = 0
local function body() ended = ended + 1 end
local made = 300000
for _ = 1, made do tri.go(body) end
if ended < made // 4 then print("ran while they were made:", ended) end
