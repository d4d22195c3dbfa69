-- -l g=mod requires mod into the global g.
--! same-as-lua
--! options -l s=string -ll=lpeg
print(s.rep("ab", 2), l == require "lpeg", lpeg)   --> abab true nil
