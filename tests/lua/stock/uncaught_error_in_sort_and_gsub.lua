-- The traceback of an uncaught error shows the C functions it went through.
--! same-as-lua
--! exit 1
--! stderr in function 'table.sort'
--! stderr in function 'string.gsub'
table.sort({ 2, 1 }, function()
  string.gsub("x", "x", function() local t; t.field = 1 end)
end)
