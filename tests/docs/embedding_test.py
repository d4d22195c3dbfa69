#!/usr/bin/env python3
"""docs/embedding.md is right: each of its programs is built by the commands
that it gives for a build without Bazel, and runs to its end.

The page has one block of commands that names g++. Its compilation is done a
source at a time, several at once and without optimisation, which takes a tenth
of the time: what the line compiles, with which flags, and what it links with
is taken from it.
"""

import concurrent.futures
import glob
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

PAGE = pathlib.Path("docs/embedding.md")
# What the programs print, in their order; None: anything.
OUTPUTS = [r"144 squared\n", r"(5\d{15}\n){2}",
           r"(?s)CPU time limit \(1 s\) exceeded.*\n\d+ bytes\n", r"385\n"]


def programs(text):
    blocks = re.findall(r"^```cpp\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "int main(" in block]


def commands(text):
    """The lines before the compiler's, and the arguments of the compiler."""
    for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
        if "g++ " not in block:
            continue
        lines = block.replace("\\\n", " ").strip().split("\n")
        assert shlex.split(lines[-1])[0] == "g++", lines[-1]
        return lines[:-1], shlex.split(lines[-1])[1:]
    raise AssertionError(f"{PAGE} has no g++ command")


def run(*command, **options):
    done = subprocess.run(command, text=True, capture_output=True, check=False,
                          **options)
    if done.returncode != 0:
        sys.exit(f"{command} failed with {done.returncode}:\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout


def main():
    # The folder of the sources, which are links here.
    root = pathlib.Path.cwd()
    text = PAGE.read_text()
    before, arguments = commands(text)
    found = programs(text)
    assert len(found) == len(OUTPUTS), f"{len(found)} programs"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for name in os.listdir(root):
            (work / name).symlink_to(root / name)
        os.chdir(work)
        for line in before:
            run("sh", "-c", line)
        pathlib.Path("host.cc").write_text(found[0])

        # -o host, and what stands for sources; the rest is for both steps.
        at = arguments.index("-o")
        assert arguments[at + 1] == "host"
        del arguments[at:at + 2]
        patterns = [one for one in arguments if one.endswith(".cc")]
        flags = [one for one in arguments if not one.endswith(".cc")]
        flags = ["-O0" if one.startswith("-O") else one for one in flags]
        sources = []
        for pattern in patterns:
            matches = sorted(glob.glob(pattern))
            assert matches, f"{pattern} matches nothing"
            sources += matches
        for_compiler = [one for one in flags if not one.startswith(
            ("-Wl,", "-l", "-rdynamic"))]

        def compile_one(source):
            target = source.replace("/", "_")[:-len(".cc")] + ".o"
            run("g++", *for_compiler, "-c", source, "-o", target)
            return target

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compile_one, sources))
        for i, (program, output) in enumerate(zip(found, OUTPUTS), 1):
            pathlib.Path("host.cc").write_text(program)
            compile_one("host.cc")
            run("g++", *objects, *flags, "-o", "host")
            printed = run("./host", timeout=60)
            if output is not None and not re.fullmatch(output, printed):
                sys.exit(f"program {i} of {PAGE} printed {printed!r}")
            print(f"program {i}: {printed.strip()}")


if __name__ == "__main__":
    main()
