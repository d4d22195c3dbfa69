"""C++ rules with Trilune's compiler settings, so that those stand in one place.

Warnings are errors in our own code only: system headers come in as such
(-isystem), see third_party/system.BUILD. The language version and the sanitizer
configurations are in .bazelrc.
"""

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-Werror",
    # The address of a thread-local must be computed anew after each switch of
    # stacks; optimising across files could keep an old one.
    "-fno-lto",
]

_LINKOPTS = ["-rdynamic"]

def tri_cc_library(name, copts = [], **kwargs):
    """A cc_library; always linked statically, as the command is."""
    native.cc_library(
        name = name,
        copts = _COPTS + copts,
        linkstatic = True,
        **kwargs
    )

def tri_cc_binary(name, copts = [], linkopts = [], **kwargs):
    """A cc_binary that exports its symbols, for C modules and backtraces."""
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        linkopts = _LINKOPTS + linkopts,
        **kwargs
    )

def tri_cc_test(name, copts = [], linkopts = [], deps = [], doctest = True, **kwargs):
    """A cc_test of doctest cases.

    Args:
      name: as in cc_test; so are the arguments not named here. Tags with a
        meaning to ./dev: "stress" and "bench" (not part of `./dev test`),
        "no-asan" and "no-tsan" (not run under that sanitizer).
      copts: further compiler options, after the common ones.
      linkopts: further linker options, after the common ones.
      deps: doctest and its main() are added.
      doctest: False for a test with a main() of its own.
    """
    if doctest:
        deps = deps + ["//tests/support:doctest_main"]
    native.cc_test(
        name = name,
        copts = _COPTS + copts,
        linkopts = _LINKOPTS + linkopts,
        linkstatic = True,
        deps = deps,
        **kwargs
    )

def tri_model_test(name, copts = [], deps = [], tags = [], **kwargs):
    """A tri_cc_test that explores interleavings with Relacy.

    Not run under a sanitizer: Relacy has an allocator and stacks of its own,
    and finds races by itself. It also jumps between its stacks with longjmp,
    which glibc's fortified form forbids.
    """
    tri_cc_test(
        name = name,
        copts = ["-U_FORTIFY_SOURCE"] + copts,
        tags = ["no-asan", "no-tsan"] + tags,
        deps = deps + ["@system//:relacy"],
        **kwargs
    )

def tri_lua_module(name, srcs, copts = [], **kwargs):
    """A C or C++ module NAME.so that a Lua script can require.

    It takes the lua_* functions from the executable that loads it.
    """
    native.cc_binary(
        name = name + ".so",
        srcs = srcs,
        copts = _COPTS + ["-fPIC"] + copts,
        linkshared = True,
        deps = ["@system//:lua54_headers"],
        **kwargs
    )
