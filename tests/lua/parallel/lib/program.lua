local program = {}
function program.main(v) return ("%s!"):format(v) end
return program
