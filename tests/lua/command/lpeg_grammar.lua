-- Debian's lpeg module works: a grammar for arithmetic gives the right results.
--! same-as-lua
local lpeg = require "lpeg"
local space, number = lpeg.S(" \t")^0, lpeg.C(lpeg.R("09")^1) / tonumber
local V = lpeg.V
local function fold(a, op, b)
  if op == "+" then return a + b elseif op == "-" then return a - b elseif op == "*" then return a * b end
  return a // b
end
local grammar = space * lpeg.P { "sum",
  sum = lpeg.Cf(V"product" * lpeg.Cg(lpeg.C(lpeg.S"+-") * space * V"product")^0, fold),
  product = lpeg.Cf(V"atom" * lpeg.Cg(lpeg.C(lpeg.S"*/") * space * V"atom")^0, fold),
  atom = number * space + "(" * space * V"sum" * ")" * space,
} * -1
for _, s in ipairs { "1+2*3", "(1+2)*3 - 4/2", " 2 * (3 + (4 - 1)) ", "7 -", "" } do print(grammar:match(s)) end
print(pcall(lpeg.P, { lpeg.V"a" }))
