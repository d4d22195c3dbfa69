-- Only the low eight bits of an exit status count.
--! same-as-lua
--! exit 44
os.exit(300)
