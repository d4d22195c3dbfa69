-- require of a missing module lists every place that was tried.
--! same-as-lua
package.path = "./?.lua;/nowhere/?/init.lua"
package.cpath = "./?.so"
print(pcall(require, "no.such.module"))
print(package.searchpath("no.such", "a/?.x;b/?.y"))
print(pcall(require))
