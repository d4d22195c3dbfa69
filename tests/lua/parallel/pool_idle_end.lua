-- A pool's worker that has ended while it had nothing to do, as by a limit of its own,
-- is replaced.
local par = require "trilune.parallel"
local pool <close> = par.pool {workers = 2}
local function double(v) return 2 * v end
for _ = 1, 3 do
  print(table.concat(pool:map(double, {1, 2, 3}), " "))
  local program = pool.crew.members[1].program
  program:cancel()
  program:join()
end
--> 2 4 6
--> 2 4 6
--> 2 4 6
