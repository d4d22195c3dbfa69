-- The report of a G that failed of its group's error begins where the member failed.
local tri = require "trilune"
tri.go(function()
  tri.group(function(group)
    group:go(function() error "in a member" end)
  end)
end)
tri.yield()
tri.yield()
collectgarbage()
--! stderr error in goroutine \d+: traceback_of_a_member_goes_up.lua:5: in a member\nstack traceback:\n\t.*'error'\n\t.*:5: in function .*\nraised again by:\n\t.*'trilune.group'\n\t.*:4: in function
