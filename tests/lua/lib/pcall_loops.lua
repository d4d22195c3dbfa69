-- Bodies that never end by themselves, and catch what is raised in them.
return {
  function() while true do pcall(function() while true do end end) end end,
  function() while true do pcall(pcall, function() while true do end end) end end,
  function() while true do xpcall(function() while true do end end, function(e) return e end) end end,
  function() while true do pcall(function() for _ = 1, 1e5 do end end) end end,
  function() while true do xpcall(function() while true do end end, function() error "again" end) end end,
  function() while true do pcall(coroutine.wrap(function() while true do end end)) end end,
}
