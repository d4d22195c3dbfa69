-- What the prompt does in Lua: how it shows a table, and what Tab completes.
-- Called with a function that lists a folder; returns show and complete. What it
-- uses is taken at its start: a session may do to its globals what it likes.
-- It calls no code of the session but __tostring of what it shows.

local list_folder = ...
local next, pcall, rawget, rawlen, tostring, type = next, pcall, rawget, rawlen, tostring, type
local byte, find, format, gmatch = string.byte, string.find, string.format, string.gmatch
local gsub, lower, match, rep, sub = string.gsub, string.lower, string.match, string.rep, string.sub
local concat, sort = table.concat, table.sort
local math_type = math.type
local metatable_of = debug.getmetatable
local globals, package = _G, package

local keywords = {}
for word in gmatch([[and break do else elseif end false for function goto if in
                     local nil not or repeat return then true until while]], "%a+") do
  keywords[word] = true
end

-- --- Showing a table. ---

local MAX_DEPTH <const> = 6       -- of tables in tables
local MAX_ENTRIES <const> = 50    -- of one table
local MAX_SHOWN <const> = 300     -- of all tables together
local MAX_KEYS <const> = 10000    -- looked at, in one table
local MAX_BYTES <const> = 200     -- of one string
local WIDTH <const> = 76          -- of a table on one line

-- The first bytes of a string, without half of a character.
local function cut(s, n)
  while n > 0 and (byte(s, n + 1) or 0) & 0xC0 == 0x80 do n = n - 1 end
  return sub(s, 1, n)
end

local function quoted(s)
  local text = gsub(format("%q", #s > MAX_BYTES and cut(s, MAX_BYTES) or s), "\\\n", "\\n")
  if #s > MAX_BYTES then text = text .. format(" ... (%d bytes)", #s) end
  return text
end

local function is_name(key)
  return type(key) == "string" and #key <= MAX_BYTES and find(key, "^[%a_][%w_]*$") and not keywords[key]
end

-- Numbers first, then strings, then all others as they come.
local function before(a, b)
  local ta, tb = type(a), type(b)
  if ta == tb and (ta == "number" or ta == "string") then return a < b end
  if ta == tb then return false end
  return ta == "number" or (ta == "string" and tb ~= "number")
end

-- Keys beside 1 to n, sorted; whether there are more.
local function other_keys(t, n)
  local keys, looked = {}, 0
  for key in next, t do
    looked = looked + 1
    if looked > MAX_KEYS then break end
    if not (math_type(key) == "integer" and key >= 1 and key <= n) then keys[#keys + 1] = key end
  end
  -- Without an order among all others sort might find none.
  local sortable, rest = {}, {}
  for i = 1, #keys do
    local kind = type(keys[i])
    local into = (kind == "number" or kind == "string") and sortable or rest
    into[#into + 1] = keys[i]
  end
  sort(sortable, before)
  for i = 1, #rest do sortable[#sortable + 1] = rest[i] end
  return sortable, looked > MAX_KEYS
end

-- The parts in lines, as many in one as there is room for.
local function filled(parts, width)
  local lines, line = {}, parts[1]
  for i = 2, #parts do
    if #line + #parts[i] + 3 > width then
      lines[#lines + 1], line = line, parts[i]
    else
      line = line .. ", " .. parts[i]
    end
  end
  lines[#lines + 1] = line
  return lines
end

local text_of

local function table_text(t, indent, state)
  if state.depths[t] then return format("<cycle, %d up>", state.depth - state.depths[t]) end
  if state.depth >= MAX_DEPTH then return next(t) == nil and "{}" or "{...}" end
  state.depth = state.depth + 1
  state.depths[t] = state.depth - 1
  local parts, n, more = {}, rawlen(t), 0
  local function add(label, value)
    if #parts >= MAX_ENTRIES or state.shown >= MAX_SHOWN then
      more = more + 1
      return
    end
    state.shown = state.shown + 1
    parts[#parts + 1] = label .. text_of(value, indent + 2, state)
  end
  for i = 1, n do
    if #parts >= MAX_ENTRIES or state.shown >= MAX_SHOWN then
      more = more + n - i + 1
      break
    end
    add("", rawget(t, i))
  end
  local keys, uncounted = other_keys(t, n)
  for i = 1, #keys do
    local key = keys[i]
    local label = is_name(key) and key or format("[%s]", type(key) == "table" and "table" or
                                                 text_of(key, indent + 2, state))
    add(label .. " = ", rawget(t, key))
  end
  if more > 0 or uncounted then parts[#parts + 1] = uncounted and "... more" or format("... %d more", more) end
  state.depths[t] = nil
  state.depth = state.depth - 1
  if #parts == 0 then return "{}" end
  local line = concat(parts, ", ")
  if #line + indent <= WIDTH and not find(line, "\n", 1, true) then return "{ " .. line .. " }" end
  local margin = rep(" ", indent + 2)
  if not find(line, "\n", 1, true) then parts = filled(parts, WIDTH - indent - 2) end
  return "{\n" .. margin .. concat(parts, ",\n" .. margin) .. "\n" .. rep(" ", indent) .. "}"
end

local function has_text(value)
  local mt = metatable_of(value)
  return mt and (rawget(mt, "__tostring") ~= nil or rawget(mt, "__name") ~= nil)
end

function text_of(value, indent, state)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "table" and not has_text(value) then return table_text(value, indent, state) end
  local ok, text = pcall(tostring, value)
  if not ok then return format("<error in __tostring of a %s>", kind) end
  if #text > MAX_BYTES then text = cut(text, MAX_BYTES) .. " ..." end
  return text
end

-- The text for a table; nil: print knows better.
local function show(value)
  if type(value) ~= "table" or has_text(value) then return nil end
  return table_text(value, 0, { depth = 0, shown = 0, depths = {} })
end

-- --- Completing. ---

local MAX_LINKS <const> = 20      -- of __index

-- What v[key] would be without a call.
local function field(value, key)
  for _ = 1, MAX_LINKS do
    if type(value) == "table" then
      local found = rawget(value, key)
      if found ~= nil then return found end
    end
    local mt = metatable_of(value)
    value = mt and rawget(mt, "__index")
    if type(value) ~= "table" then return nil end
  end
end

local function starts(text, with) return sub(text, 1, #with) == with end

-- Adds the names of fields that begin with `start`; methods only: functions.
local function add_fields(set, value, start, only_methods)
  local looked = 0
  for _ = 1, MAX_LINKS do
    if type(value) == "table" then
      for key, v in next, value do
        looked = looked + 1
        if looked > MAX_KEYS then return end
        if is_name(key) and starts(key, start) then
          local mt = metatable_of(v)
          if not only_methods or type(v) == "function" or (mt and rawget(mt, "__call") ~= nil) then
            set[key] = true
          end
        end
      end
    end
    local mt = metatable_of(value)
    value = mt and rawget(mt, "__index")
    if type(value) ~= "table" then return end
  end
end

-- Modules in the folders of a path, "./?.lua;..."; whole names.
local function add_files(set, path, name)
  local head, start = match(name, "^(.-)([^.]*)$")
  for template in gmatch(path, "[^;]+") do
    local folder, suffix = match(template, "^([^?]*)%?([^?]*)$")
    if folder and (folder == "" or sub(folder, -1) == "/") then
      local inside = folder .. gsub(head, "%.", "/")
      for _, entry in next, list_folder(inside) do
        local stem
        if sub(suffix, 1, 1) ~= "/" then
          stem = #entry > #suffix and sub(entry, -#suffix) == suffix and sub(entry, 1, -#suffix - 1)
        elseif sub(entry, -1) == "/" then
          for _, inner in next, list_folder(inside .. entry) do
            if "/" .. inner == suffix then stem = sub(entry, 1, -2) end
          end
        end
        if stem and starts(stem, start) and find(stem, "^[%w_-]+$") then set[head .. stem] = true end
      end
    end
  end
end

local function add_modules(set, name)
  for _, of in next, { "preload", "loaded" } do
    local modules = rawget(package, of)
    if type(modules) == "table" then
      for key in next, modules do
        if type(key) == "string" and starts(key, name) then set[key] = true end
      end
    end
  end
  for _, of in next, { "path", "cpath" } do
    local path = rawget(package, of)
    if type(path) == "string" then add_files(set, path, name) end
  end
end

-- For the text before the cursor: how many of its last bytes are to be replaced,
-- and by what: a sorted list. No bytes and no list: there is nothing to complete.
local function complete(text)
  local set, count = {}, nil
  local name = match(text, "%f[%w_]require%s*%(?%s*[\"']([%w_.-]*)$")
  if name then
    count = #name
    add_modules(set, name)
  else
    local word = match(text, "[%a_][%w_.:]*$")
    if not word or find(text, "[%w_.]" .. gsub(word, "%p", "%%%0") .. "$") then return nil end
    local path, separator, start = match(word, "^(.-)([.:]?)([%w_]*)$")
    count = #start
    local value = globals
    for key in gmatch(path, "[^.:]+") do
      value = field(value, key)
      if value == nil then return count, {} end
    end
    if separator ~= "" or path == "" then add_fields(set, value, start, separator == ":") end
    if path == "" and separator == "" then
      for word_of_lua in next, keywords do
        if starts(word_of_lua, start) then set[word_of_lua] = true end
      end
    end
  end
  local found = {}
  for word in next, set do found[#found + 1] = word end
  sort(found)
  return count, found
end

return show, complete
