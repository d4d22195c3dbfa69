#!/usr/bin/env trilune
-- A first line that begins with # is skipped; positions still count it.
--! same-as-lua
print(debug.getinfo(1, "l").currentline)   --> 4
