-- arg holds the script and its arguments; ... holds the arguments.
--! same-as-lua
--! args one "two words" "" -x
print(arg[0], #arg, arg[#arg + 1])   --> arg_table_and_varargs.lua 4 nil
print(select("#", ...), ...)         --> 4 one two words -x
for i = 1, 4 do print(i, arg[i], (select(i, ...)) == arg[i]) end
--> 1 one true
--> 2 two words true
--> 3 true
--> 4 -x true
print(type(arg[-1]), arg[-2])        --> string nil
