return function(...) return "function", ... end
