-- The OS thread of the running G.
local thread = {}

-- Its number in the kernel.
function thread.id()
  local file <close> = assert(io.open("/proc/thread-self/stat"))
  return file:read("n")
end

-- The CPUs that it may use, as a text.
function thread.cpus()
  local file <close> = assert(io.open("/proc/thread-self/status"))
  return file:read("a"):match("Cpus_allowed_list:%s*(%S+)")
end

-- The numbers of those.
function thread.cpu_list()
  local cpus = {}
  for part in thread.cpus():gmatch("[^,]+") do
    local first, last = part:match("^(%d+)-?(%d*)$")
    for cpu = first, last ~= "" and last or first do cpus[#cpus + 1] = math.tointeger(cpu) end
  end
  return cpus
end

-- How many threads the process has.
function thread.count()
  local file <close> = assert(io.open("/proc/self/status"))
  return tonumber(file:read("a"):match("Threads:%s*(%d+)"))
end

return thread
