-- An uncaught table without __tostring is named by its type.
--! same-as-lua
--! exit 1
--! stderr \(error object is a table value\)
error({ code = 1 })
