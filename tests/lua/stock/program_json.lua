-- A JSON encoder and decoder in Lua gives the text back that it was given.
--! same-as-lua
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }
local function encode(v)
  if type(v) == "table" then
    local parts = {}
    if #v > 0 or next(v) == nil then
      for _, x in ipairs(v) do parts[#parts + 1] = encode(x) end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys)
    for _, k in ipairs(keys) do parts[#parts + 1] = encode(k) .. ":" .. encode(v[k]) end
    return "{" .. table.concat(parts, ",") .. "}"
  elseif type(v) == "string" then
    return '"' .. v:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
  end
  return tostring(v)
end
local decode
local function fail(at, what) error(("%s expected at %d"):format(what, at), 0) end
local function skip(s, i) return s:find("%S", i) or #s + 1 end
local function decode_string(s, i)
  local j = i + 1
  while true do
    local c = s:sub(j, j)
    if c == "" then fail(j, "closing quote") end
    if c == '"' then break end
    j = j + (c == "\\" and 2 or 1)
  end
  local text = s:sub(i + 1, j - 1):gsub("\\u(%x%x%x%x)", function(h) return utf8.char(tonumber(h, 16)) end)
  return text:gsub("\\(.)", function(c) return ({ n = "\n", t = "\t" })[c] or c end), j + 1
end
function decode(s, i)
  i = skip(s, i or 1)
  local c = s:sub(i, i)
  if c == "{" or c == "[" then
    local close, t = c == "{" and "}" or "]", {}
    i = skip(s, i + 1)
    while s:sub(i, i) ~= close do
      local k, v = #t + 1, nil
      if c == "{" then
        k, i = decode_string(s, i)
        i = skip(s, i)
        if s:sub(i, i) ~= ":" then fail(i, "colon") end
        i = i + 1
      end
      v, i = decode(s, i)
      t[k] = v
      i = skip(s, i)
      if s:sub(i, i) == "," then i = skip(s, i + 1) elseif s:sub(i, i) ~= close then fail(i, "comma or " .. close) end
    end
    return t, i + 1
  elseif c == '"' then
    return decode_string(s, i)
  end
  local word = s:match("^[%w+.-]+", i) or fail(i, "value")
  local constants = { ["true"] = true, ["false"] = false }
  local v = tonumber(word)
  if v == nil then v = constants[word] end
  return v, i + #word
end
local text = [=[ {"name":"trilune \"quoted\" \u00e9","list":[1,2.5,-3e2,[],[[["deep"]]]],"flag":true,"nested":{"a":{"b":[{"c":false}]}}} ]=]
local once = encode((decode(text)))
print(once)
print(encode((decode(once))) == once)
for _, broken in ipairs { '{"a" 1}', "[1,2", '"open', "[1;2]", "" } do print(pcall(decode, broken)) end
local big = {}
for i = 1, 3000 do big[i] = { id = i, tags = { "t" .. i % 7, i / 4 } } end
local encoded = encode(big)
print(#encoded, #decode(encoded), encode((decode(encoded))) == encoded)
