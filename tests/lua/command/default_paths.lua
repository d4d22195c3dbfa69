-- Without these variables the paths are stock's.
--! same-as-lua
print(package.path)
print(package.cpath)
print(package.config)
