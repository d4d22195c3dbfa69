local helper = require "lib.helper"
local M = {}
function M.main(n) return helper.loaded_by, helper.twice(n), package.loaded["lib.helper"] == helper end
return M
