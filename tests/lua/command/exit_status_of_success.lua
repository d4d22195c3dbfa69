-- A script that ends normally exits with 0, whatever it returns.
--! same-as-lua
return 5, "results", nil
