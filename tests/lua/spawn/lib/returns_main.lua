return { main = function(...) return "main", ... end }
