-- A match-time capture of lpeg, a callback deep inside a C module, may wait.
package.path = "../lib/?.lua;" .. package.path
local everywhere = require "everywhere"
local lpeg = require "lpeg"
print(everywhere(function(wait)
  local word = lpeg.Cmt(lpeg.R("az")^1, function(_, at, s) return wait(at), wait(s:upper()) end)
  local list = lpeg.Ct((word * lpeg.P(" ")^0)^1) * -1
  return table.concat(list:match("one two three"), " "), (lpeg.P("x") / function(s) return wait(s .. s) end):match("x")
end))
--> ONE TWO THREE xx
