-- Chunks nested too deeply are refused by load with a message, never by a crash.
--! same-as-lua
local function try(before, open, middle, close)
  local chunk = before .. open:rep(500) .. middle .. close:rep(500)
  local f, m = load(chunk, "=deep")
  print(f, m and m:match("C stack overflow"))
end
try("return ", "(", "1", ")")              --> nil C stack overflow
try("return ", "{", "", "}")               --> nil C stack overflow
try("", "do ", "", " end ")                --> nil C stack overflow
try("", "return function() ", "", " end ") --> nil C stack overflow
try("return ", "- ", "1", "")              --> nil C stack overflow
try("return ", "a .. ", "a", "")           --> nil C stack overflow
print(load("return " .. ("("):rep(150) .. 7 .. (")"):rep(150))()) --> 7
