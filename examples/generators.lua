-- Plain Lua coroutines inside goroutines: a generator that walks a tree may
-- wait anywhere, in the middle of a walk or inside a sort comparator.
--
-- Two goroutines walk one tree each, slowly. The main script merges what they
-- find.
--
-- Run it: trilune generators.lua
local tri = require "trilune"

-- Inserts a word into a binary search tree.
local function insert(tree, word)
  if tree == nil then return { word = word } end
  local side = word < tree.word and "left" or "right"
  tree[side] = insert(tree[side], word)
  return tree
end

local function plant(text)
  local tree
  for word in text:gmatch("%a+") do tree = insert(tree, word) end
  return tree
end

-- An ordinary recursive generator, except that fetching a node takes a moment.
local function walk(tree)
  return coroutine.wrap(function()
    local function visit(node)
      if node == nil then return end
      visit(node.left)
      tri.sleep(0.01)
      coroutine.yield(node.word)
      visit(node.right)
    end
    visit(tree)
  end)
end

local function walker(text)
  local out = tri.chan()
  tri.go(function()
    for word in walk(plant(text)) do out:send(word) end
    out:close()
  end)
  return out
end

local a = walker("the quick brown fox jumps over a lazy dog")
local b = walker("pack my box with five dozen jugs of liquor")

local started, merged = tri.now(), {}
local x, y = a:recv(), b:recv()
while x or y do
  if not y or x and x <= y then
    merged[#merged + 1] = x
    x = a:recv()
  else
    merged[#merged + 1] = y
    y = b:recv()
  end
end
print(table.concat(merged, " "))

-- Even a sort may wait. This one asks another goroutine how to compare.
local questions = tri.chan()
tri.go(function()
  for q in questions:iter() do q.answer:send(#q.a < #q.b or #q.a == #q.b and q.a < q.b) end
end)
table.sort(merged, function(p, q)
  local answer = tri.chan()
  questions:send { a = p, b = q, answer = answer }
  return (answer:recv())
end)
print(table.concat(merged, " "))
print(("%d words in %.2f s"):format(#merged, tri.now() - started))
