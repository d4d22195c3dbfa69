-- Floating point and arrays: planets that attract each other. Arrays, not named
-- fields: how those fall into a hash table depends on a random seed, which
-- would make one run 2 % slower than the next.
local sqrt = math.sqrt

local count = 5
local x, y, z, vx, vy, vz, mass = {}, {}, {}, {}, {}, {}, {}
for i = 1, count do
  x[i], y[i], z[i] = i * 1.5, (i * 7 % 5) - 2.0, 0.1 * i
  vx[i], vy[i], vz[i] = 0.01 * i, 0.02 * (3 - i), 0.0
  mass[i] = 1.0 / i
end

local function advance(dt)
  for i = 1, count do
    local ax, ay, az, am = x[i], y[i], z[i], mass[i]
    local avx, avy, avz = vx[i], vy[i], vz[i]
    for j = i + 1, count do
      local dx, dy, dz = ax - x[j], ay - y[j], az - z[j]
      local distance2 = dx * dx + dy * dy + dz * dz + 0.01
      local pull = dt / (distance2 * sqrt(distance2))
      local bm = mass[j] * pull
      avx = avx - dx * bm
      avy = avy - dy * bm
      avz = avz - dz * bm
      bm = am * pull
      vx[j] = vx[j] + dx * bm
      vy[j] = vy[j] + dy * bm
      vz[j] = vz[j] + dz * bm
    end
    vx[i], vy[i], vz[i] = avx, avy, avz
  end
  for i = 1, count do
    x[i] = x[i] + dt * vx[i]
    y[i] = y[i] + dt * vy[i]
    z[i] = z[i] + dt * vz[i]
  end
end

for _ = 1, tonumber(arg[1]) or 300000 do advance(0.001) end
print(string.format("result=%.12f", x[1]))
