-- The concurrent prime sieve: a chain of goroutines, one for each prime found
-- so far. Each passes on only the numbers that its prime does not divide.
--
-- Run it: trilune sieve.lua [how many primes]
local tri = require "trilune"
local count = tonumber((...)) or 50

local function generate(out)
  local n = 2
  while true do
    out:send(n)
    n = n + 1
  end
end

local function filter(prime, input, out)
  for n in input:iter() do
    if n % prime ~= 0 then out:send(n) end
  end
end

local numbers = tri.chan()
tri.go(generate, numbers)

local line = {}
for i = 1, count do
  local prime = numbers:recv()
  line[#line + 1] = ("%5d"):format(prime)
  if #line == 10 or i == count then
    print(table.concat(line))
    line = {}
  end
  local rest = tri.chan()
  tri.go(filter, prime, numbers, rest)
  numbers = rest
end
