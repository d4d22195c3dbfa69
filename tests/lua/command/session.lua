-- -i reads lines after the script, prints results of expressions, and continues incomplete statements.
--! same-as-lua
--! options -i
--! stdin x + 1\n= x * 2\nfunction f(a)\nreturn a, nil, "b"\nend\nf(7)\nlocal y = 5\nprint(y)\nx = \n10\nx\n
x = 20
print("the script")
