-- An uncaught error(nil) is named by its type.
--! same-as-lua
--! exit 1
--! stderr \(error object is a nil value\)
error()
