-- os.exit(n) exits with that status, also below pcall and in a sort comparator.
--! same-as-lua
--! exit 77
pcall(table.sort, { 3, 2, 1 }, function()
  local ok = pcall(os.exit, 77)
  print("not reached")
  return false
end)
print("not reached")
