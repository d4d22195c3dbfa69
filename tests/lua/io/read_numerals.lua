-- Numerals are read up to the first byte that cannot belong to one, of at most 200.
--! same-as-lua
local name = os.tmpname()
local texts = {
  "0", "-0", "+1", "--1", "+-1", "-", "+", ".", "..", ".5", "5.", "-.5e1", "1e", "1e+", "1e+5x", "1E-2", "1e5.5",
  "0x", "0X1F", "0xg", "0x.8", "0x8.", "0x.p1", "0x1p4", "0x1P-2", "0x1e5", "0x1p", "-0xA.8p0", "00012", "0e1", "0x0x1",
  "12abc", "1_000", "1,5", "inf", "nan", "1..2", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
  "0xffffffffffffffffff", "1e400", "1e-400", "   7", "\n\t\v\f\r 8\n9", "1\0002", "e5", "x1", "0b1", "1f", "1L",
  ("1"):rep(199), ("1"):rep(200), ("1"):rep(201), ("1"):rep(300), "0." .. ("3"):rep(197), "0." .. ("3"):rep(198),
  "0." .. ("3"):rep(199), "0x" .. ("f"):rep(198), "0x" .. ("f"):rep(199), "-" .. ("2"):rep(199), "-" .. ("2"):rep(200),
  (" "):rep(5000) .. "42", ("0"):rep(199) .. "1", ("0"):rep(200) .. "1", "1e" .. ("0"):rep(197) .. "1",
  "1e" .. ("0"):rep(198) .. "1", "1 2 3", "1-2", "1+2", "3.5.5", "0x1.8p+1.5",
}
for _, setvbuf in ipairs { "full", "no" } do
  for _, text in ipairs(texts) do
    local f = assert(io.open(name, "wb"))
    f:write(text)
    f:close()
    f = assert(io.open(name, "rb"))
    f:setvbuf(setvbuf)
    local a, b = f:read("n", "n")
    print(string.format("%q", text:sub(1, 40)), a, math.type(a), b, math.type(b), string.format("%q", f:read("a"):sub(1, 60)))
    f:close()
  end
end
os.remove(name)
