-- Selects that offer and take on the same channels meet: each value changes hands exactly once.
local tri = require "trilune"
local a, b, N = tri.chan(), tri.chan(), 5000
local function peer(me)
  local sent, got = 0, 0
  for i = 1, N do
    local k, v = tri.select { { a, "send", me }, { b, "send", me }, { a }, { b } }
    if k <= 2 then sent = sent + 1 else assert(v ~= me) got = got + 1 end
  end
  return sent, got
end
local g, h = tri.go(peer, "g"), tri.go(peer, "h")
local _, g_sent, g_got = g:join()
local _, h_sent, h_got = h:join()
print(g_sent == h_got, h_sent == g_got, g_sent + g_got == N)   --> true true true
--! both-channels
