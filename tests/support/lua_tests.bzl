"""Lua tests as Bazel targets: one for each folder of tests/lua."""

def lua_test_folders(tags = {}, data = {}):
    """A test target NAME_test for each folder NAME that holds .lua files.

    Each .lua file directly in the folder is a test; what lies in folders below
    it (modules to require, data) and in lib (modules for all folders) is there for
    the tests to use. The target runs them all, with //:trilune as it was built for this configuration.

    Args:
      tags: folder name -> list of tags, such as {"stress": ["stress"]}.
      data: folder name -> list of further targets its tests need, such as a
        tri_lua_module; `env LUA_CPATH=../?.so` lets a test of a folder find
        one that is built in this package.
    """
    folders = {}
    for path in native.glob(["*/*.lua"]):
        folder = path.split("/")[0]
        if folder != "lib":
            folders.setdefault(folder, []).append(path)
    for folder, files in folders.items():
        native.sh_test(
            name = folder + "_test",
            timeout = "long",
            srcs = ["//tests/support:run_lua"],
            args = ["--trilune", "$(rootpath //:trilune)", "--lua", "lua5.4"] +
                   [native.package_name() + "/" + file for file in files],
            data = native.glob([folder + "/**", "lib/**"]) + ["//:trilune"] +
                   data.get(folder, []),
            # The runner runs two tests at a time.
            tags = ["cpu:2"] + tags.get(folder, []),
        )
