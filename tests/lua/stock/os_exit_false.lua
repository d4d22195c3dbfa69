-- os.exit(false) exits with 1.
--! same-as-lua
--! exit 1
print("before")      --> before
os.exit(false)
