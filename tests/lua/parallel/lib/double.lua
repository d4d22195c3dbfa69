return function(v) return 2 * v end
