-- Floating point and table fields: planets that attract each other.
local sqrt = math.sqrt

local bodies = {}
for i = 1, 5 do
  bodies[i] = {
    x = i * 1.5, y = (i * 7 % 5) - 2.0, z = 0.1 * i,
    vx = 0.01 * i, vy = 0.02 * (3 - i), vz = 0.0, mass = 1.0 / i,
  }
end

local function advance(dt)
  local count = #bodies
  for i = 1, count do
    local a = bodies[i]
    local ax, ay, az, am = a.x, a.y, a.z, a.mass
    local vx, vy, vz = a.vx, a.vy, a.vz
    for j = i + 1, count do
      local b = bodies[j]
      local dx, dy, dz = ax - b.x, ay - b.y, az - b.z
      local distance2 = dx * dx + dy * dy + dz * dz + 0.01
      local pull = dt / (distance2 * sqrt(distance2))
      local bm = b.mass * pull
      vx = vx - dx * bm
      vy = vy - dy * bm
      vz = vz - dz * bm
      bm = am * pull
      b.vx = b.vx + dx * bm
      b.vy = b.vy + dy * bm
      b.vz = b.vz + dz * bm
    end
    a.vx, a.vy, a.vz = vx, vy, vz
  end
  for i = 1, count do
    local a = bodies[i]
    a.x = a.x + dt * a.vx
    a.y = a.y + dt * a.vy
    a.z = a.z + dt * a.vz
  end
end

for _ = 1, tonumber(arg[1]) or 300000 do advance(0.001) end
print(string.format("result=%.12f", bodies[1].x))
