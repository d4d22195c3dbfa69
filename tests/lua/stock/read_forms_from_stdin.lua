-- io.read takes each format, and several at once.
--! same-as-lua
--! stdin first line\n  12  0x1F -3.5e1 x\nkept\nabcdef\n\nlast
print(io.read())
print(io.read("n", "n", "n", "n"))
print(io.read("l"))
print(io.read("L"))
print(io.read(2, 0, 3))
print(io.read("l"), io.read("l"))
print(io.read("a"))
print(io.read("a"), io.read("l"), io.read(0), io.read("n"))
print(pcall(io.read, "x"))
