return { loaded_by = ..., twice = function(n) return 2 * n end }
