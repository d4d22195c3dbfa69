-- os.exit ends a session with its status.
--! same-as-lua
--! options -i
--! stdin os.exit(5)\nprint("never")\n
--! exit 5
local before
