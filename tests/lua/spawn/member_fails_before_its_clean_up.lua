-- A program that is a member of a group fails the group as its error leaves its function: what its __close handlers make
-- others do, in other isolates too, comes later.
local tri = require "trilune"
for i = 1, 10 do
  local pipe, group = tri.channel(), nil
  local function follow(pipe) if not select(2, pipe:recv()) then error("broken pipe", 0) end end
  local ok, err = pcall(tri.group, function(g)
    group = g
    g:spawn(follow, pipe)
    g:go(follow, pipe)
    g:spawn(function(pipe)
      local tri = require "trilune"
      local _ <close> = setmetatable({}, {__close = function()
        pipe:close()
        for _ = 1, 10 do tri.yield() end
      end})
      error({code = 7})
    end, pipe)
  end)
  assert(not ok and err.code == 7, err)
  local errors = group:errors()
  assert(errors[1].error == err)
  if i == 1 then
    print(errors[1].traceback:match "\n(.-)\n.-\n(.-)\n")
    --> 	[C]: in function 'error' 	[C]: in ?
    print(select(2, errors[1].goroutine:join()) == err)   --> true
  end
end

-- A handler that raises another error: the group has the first, the member's end is the other.
local group
local ok, err = pcall(tri.group, function(g)
  group = g
  g:spawn(function()
    local _ <close> = setmetatable({}, {__close = function() error("handler", 0) end})
    error("cause", 0)
  end)
end)
print(ok, err)   --> false cause
for _, e in ipairs(group:errors()) do print(e.error) end
--> cause
--> handler
