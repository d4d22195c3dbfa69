return function() Greeting = "hello" end
