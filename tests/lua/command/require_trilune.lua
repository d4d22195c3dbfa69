-- -l trilune makes the library a global.
--! options -l trilune -l tri=trilune
print(tri == trilune, type(tri.go))   --> true function
