require("trilune").channel()
ran = "yes"
