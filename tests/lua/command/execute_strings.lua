-- Several -e run in order, before the script, and share globals with it.
--! same-as-lua
--! options -e x=1 -e "x = x + 1; print('second', x)" "-eprint('joined',x)"
print("script", x)
--> second 2
--> joined 2
--> script 2
