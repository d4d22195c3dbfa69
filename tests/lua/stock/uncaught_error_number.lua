-- An uncaught number is shown as a message with a traceback.
--! same-as-lua
--! exit 1
--! stderr 42
error(42)
