-- LUA_PATH_5_4 and LUA_CPATH_5_4 win over those without a version.
--! same-as-lua
--! env LUA_PATH=never
--! env LUA_PATH_5_4=versioned/?.lua
--! env LUA_CPATH_5_4=versioned/?.so
print(package.path, package.cpath)   --> versioned/?.lua versioned/?.so
