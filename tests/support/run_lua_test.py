#!/usr/bin/env python3
"""Tests of run_lua, with small shell scripts in the place of both commands."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

RUNNER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run_lua")


class RunLuaTest(unittest.TestCase):
    """Each case gives a test file, and what the command under test does."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def run_tests(self, files, command, lua="true", **env):
        return subprocess.run(
            [sys.executable, RUNNER, "--trilune",
             self.write("trilune", "#!/bin/sh\n" + command + "\n", 0o755),
             "--lua", self.write("lua", "#!/bin/sh\n" + lua + "\n", 0o755)]
            + [self.write(name, text) for name, text in files.items()],
            env={**os.environ, "TRI_TEST_FILTER": "", **env}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def passes(self, test, command="true", lua="true", **env):
        result = self.run_tests({"a.lua": test}, command, lua, **env)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertTrue(result.stdout.endswith("lua: 1 passed, 0 failed\n"))

    def fails(self, saying, test, command="true", lua="true", **env):
        result = self.run_tests({"a.lua": test}, command, lua, **env)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertTrue(result.stdout.endswith("lua: 0 passed, 1 failed\n"))
        self.assertRegex(result.stdout, saying)

    def test_both_channels_runs_it_a_second_time_with_the_other(self):
        self.passes("--! both-channels\n")
        self.passes("x --> 1\n--! both-channels\n", "echo 1")
        shared = 'case $LUA_INIT in *tri.channel*) exit 3;; esac'
        self.fails("tri.channel.*\n.*exit status 3", "--! both-channels\n",
                   shared)
        self.passes("", shared)

    def test_expected_lines_are_compared_in_order_ignoring_space(self):
        test = "f() --> a  b\ng() -->\tc\n"
        self.passes(test, r"printf 'a\tb\n  c \n'")
        self.fails(r"\+c", test, r"printf 'c\na b\n'")
        self.passes("--! unordered\n" + test, r"printf 'c\na b\n'")

    def test_extra_and_missing_output_fail(self):
        self.fails(r"\+more", "f() --> a", "echo a; echo more")
        self.fails("-b", "f() --> a\ng() --> b", "echo a")
        self.fails(r"\+a", "no expectation", "echo a")

    def test_exit_status_and_signals(self):
        self.fails("exit status 3, expected 0", "", "exit 3")
        self.passes("--! exit 3", "exit 3")
        self.passes("--! exit SIGABRT", "kill -ABRT $$")
        self.fails("exit status 0", "--! exit 1")

    def test_stderr_must_be_empty_or_match(self):
        self.fails("stderr is not empty", "", "echo oops >&2")
        self.passes("--! stderr ^oops$", "echo one >&2; echo oops >&2")
        self.fails("nothing like", "--! stderr ^ops$", "echo oops >&2")
        self.fails("nothing like: b", "--! stderr a\n--! stderr b",
                   "echo a >&2")
        self.passes("--! stderr-any", "echo oops >&2")

    def test_a_sanitizer_report_always_fails(self):
        report = "echo 'WARNING: ThreadSanitizer: data race' >&2"
        self.fails("sanitizer", "--! stderr-any", report)
        self.fails("sanitizer", "--! stderr race", report)

    def test_command_line_environment_and_input(self):
        self.passes("--! options -e 'x y'\n--! args 1 '2 3'\n"
                    "--> -e,x y,a.lua,1,2 3,",
                    "printf '%s,' \"$@\"")
        self.passes("--! options -i\n--! no-script\n--> -i", 'echo "$@"')
        self.passes("--! env COLOUR=dark red\n--> dark red",
                    "echo $COLOUR")
        self.passes("--! stdin one\\ntwo\\n\n--! stdin h\\xe9\n"
                    "--> one\n--> two\n--> 68 e9",
                    "read a; read b; echo $a; echo $b; od -An -tx1")
        self.passes("--> unset", "echo ${LUA_INIT-unset}", LUA_INIT="x")

    def test_it_runs_in_the_folder_of_the_file(self):
        self.passes("--> a.lua", "ls a.lua")

    def test_timeout(self):
        self.fails("no end after 0.2 s", "--! timeout 0.2", "sleep 60")

    def test_repeat(self):
        self.fails("-x", "--! repeat 3\nf() --> x",
                   "test -f n$n && exit; echo x; touch n$n")

    def test_same_as_lua(self):
        test = "--! same-as-lua"
        self.passes(test, "echo a; exit 2", "echo a; exit 2")
        self.fails("stdout differs", test, "echo a", "echo 'a '")
        self.fails("lua5.4's is 1", test, "exit 2", "exit 1")
        self.passes(test, "echo trilune: no >&2", "echo lua5.4: no >&2")
        self.fails("stderr differs", test, "echo no >&2")
        self.fails("-b", test + "\n--> b", "echo a", "echo a")
        self.passes(test + "\n--! options --procs 2\n--! lua-options -W",
                    'test "$1" = --procs', 'test "$1" = -W')

    def test_mistakes_in_a_test_are_failures(self):
        self.fails("line 2: unknown directive 'exits'", "\n--! exits 3")
        self.fails("line 1: ", "--! stderr (")
        self.fails("line 1: ", "--! exit SIGNONE")
        self.fails("line 1: ", "--! env A")
        self.fails("takes no value", "--! unordered yes")

    def test_filter_and_counts(self):
        files = {"one.lua": "", "two.lua": "--> x", "three.lua": ""}
        result = self.run_tests(files, "true")
        self.assertEqual(result.returncode, 1)
        self.assertIn("lua: 2 passed, 1 failed", result.stdout)
        result = self.run_tests(files, "true", TRI_TEST_FILTER="three")
        self.assertEqual(result.returncode, 0)
        self.assertIn("lua: 1 passed, 0 failed", result.stdout)

    def test_no_files_is_an_error(self):
        result = self.run_tests({}, "true")
        self.assertNotEqual(result.returncode, 0)
        self.assertFalse(re.search("passed", result.stdout))


if __name__ == "__main__":
    unittest.main()
