-- -l requires a module into the global of its name.
--! same-as-lua
--! options -l lpeg
print(type(lpeg.P), lpeg.version() == require "lpeg".version())   --> function true
