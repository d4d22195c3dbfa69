-- An uncaught error object with __tostring is shown by it, without a traceback.
--! same-as-lua
--! exit 1
--! stderr what it says
error(setmetatable({}, { __tostring = function() return "what it says" end }))
