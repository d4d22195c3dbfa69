-- Reading from an empty stdin gives nil.
--! same-as-lua
print(io.read(), io.read("a"), io.read("n"))   --> nil nil
