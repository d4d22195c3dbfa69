#!/usr/bin/env python3
"""Tests of the whole command: command_test.py TRILUNE.

Where stock lua5.4 does the same, both run and must agree, each under the name
`lua`. Sessions run on a terminal of their own.
"""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

TRILUNE = None
STOCK = "/usr/bin/lua5.4"
PATIENCE_SECONDS = 60
# C code that does not come back.
STUCK = ("string.find(string.rep('a', 60), "
         "string.rep('a?', 60) .. string.rep('a', 60)) ")

FILES = {
    "args.lua": "for i = -9, 9 do if arg[i] then print(i, arg[i]) end end "
                "print(#arg, ...)",
    "mod.lua": "print('mod', ...) return {a = 1}",
    "init.lua": "print('init') y = 5",
    "error.lua": "local function f() error('boom') end\nf()",
    "syntax.lua": "x = = 1",
    "shebang.lua": "#!/usr/bin/lua\nprint('shebang')",
    "exit.lua": "io.write('hi') os.exit(3)",
    "gc.lua": "setmetatable({}, {__gc = function() print('gc') end})",
    "object.lua": "error(setmetatable({}, {__tostring = function() "
                  "return 'an object' end}))",
    "number.lua": "error(setmetatable({}, {__tostring = function() "
                  "return 1 end}))",
    "table.lua": "error({})",
    "nil.lua": "error(nil)",
}

# Arguments, and what else run() takes.
SAME_AS_STOCK = [
    *[([name], {}) for name in FILES],
    (["none.lua"], {}),
    (["args.lua", "a", "", "-v"], {}),
    (["-e", "print(1)", "-W", "args.lua", "x"], {}),
    (["--", "args.lua", "z"], {}),
    (["--", "-"], {}),
    (["-", "q"], {"stdin": "print(arg[0], ...)"}),
    ([], {"stdin": "print(arg[0], ...)"}),
    (["-v"], {}),
    (["-v", "-e", "print(2)"], {}),
    (["-ex=1", "-eprint(x)"], {}),
    (["-e", "x ="], {}),
    (["-e", "error()"], {}),
    (["-e", "error('a', 0)"], {}),
    (["-lmod", "-e", "print(mod.a)"], {}),
    (["-l", "g=mod", "-e", "print(g.a, mod)"], {}),
    (["-l", "nomod"], {}),
    (["-e", "require = nil", "-l", "mod"], {}),
    (["-W", "-e", "warn('a', 'b')"], {}),
    (["-e", "warn('a')"], {}),
    (["-e", "print(x)"], {"env": {"LUA_INIT": "x = 7"}}),
    (["-e", "print(x)"], {"env": {"LUA_INIT": "x=7", "LUA_INIT_5_4": "x=8"}}),
    (["-e", "print(y)"], {"env": {"LUA_INIT": "@init.lua"}}),
    (["-e", "print(y)"], {"env": {"LUA_INIT": "@none.lua"}}),
    (["-e", "print(y)"], {"env": {"LUA_INIT": "error('i')"}}),
    (["-E", "-e", "print(x)"], {"env": {"LUA_INIT": "x = 7"}}),
    (["-e", "print(package.path, package.cpath)"], {}),
    (["-e", "print(package.path, package.cpath)"],
     {"env": {"LUA_PATH": "p;;", "LUA_CPATH_5_4": ";;c"}}),
    (["-E", "-e", "print(package.path, package.cpath, os.getenv 'LUA_PATH')"],
     {"env": {"LUA_PATH": "p", "LUA_CPATH": "c"}}),
    (["-e", "arg = nil", "args.lua"], {}),
    (["-e", "arg = {1, 2, n = 3}", "args.lua"], {}),
    (["-e", "os.exit(false)"], {}),
    (["-e", "os.exit(300)"], {}),
    (["-e", "io.open('/dev/stdout', 'w'):write('kept') os.exit(0)"], {}),
    (["-i", "args.lua"], {"stdin": "1\n"}),
    (["-i", "error.lua"], {"stdin": "1\n"}),
    (["-i", "-e", "x = 9"], {"stdin": "x\n"}),
]

# Lines of sessions that do not read from a terminal.
SESSIONS = [
    "x=1\n=x\nprint(x)\ndo\nlocal y=3\nend\nerror('a')\nfoo bar\n1,2\n",
    "\n\n1\n",
    "nil\nreturn 1, 2\n",
    "_PROMPT = 'A '\n_PROMPT2 = 3\nfunction f()\nend\nf()\n",
    "_PROMPT = setmetatable({}, {__tostring = function() return 'o> ' end})\n1\n",
    "print = nil\n1\n2\n",
    "print = function() error('p') end\n1\n",
    "x = [[\nabc\n]]\nx\n",
    "= 1 +\n2\n",
    "error({})\n",
    "for i = 1, 2 do\nprint(i)\nend",
    "os.exit(4)\nprint(1)\n",
]


def environment(env=None):
    full = {name: value for name, value in os.environ.items()
            if not name.startswith(("LUA_", "TRILUNE_"))}
    return {**full, **(env or {})}


def run(program, arguments, stdin="", env=None):
    done = subprocess.run(["lua", *arguments], executable=program,
                          input=stdin.encode(), env=environment(env),
                          capture_output=True, timeout=PATIENCE_SECONDS,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Terminal:
    """A session on a terminal of its own."""

    def __init__(self, env=None, arguments=()):
        self.output = ""
        self.process, self.fd = pty.fork()
        if self.process == 0:
            full = environment({"TERM": "xterm", "LC_ALL": "C.UTF-8",
                                "TRILUNE_HISTORY": "", **(env or {})})
            os.execve(TRILUNE, ["trilune", *arguments], full)

    def type(self, text, then, at_prompt=True):
        """Types, at the prompt or while a chunk runs, and waits until `then` has
        appeared after it."""
        # The prompt is shown before the editor takes the terminal over; what is
        # typed in between, an end of file above all, may get lost.
        end = time.monotonic() + PATIENCE_SECONDS
        while self.is_edited() != at_prompt:
            if time.monotonic() > end:
                raise AssertionError("the terminal is not ready to type")
            os.sched_yield()
        seen = len(self.output)
        os.write(self.fd, text.encode())
        self.wait(then, seen)

    def is_edited(self):
        lflag = termios.tcgetattr(self.fd)[3]
        return lflag & termios.ICANON == 0

    def wait(self, text, start=0):
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in self.output[start:]:
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} in {self.output!r}")
            if select.select([self.fd], [], [], 0.1)[0]:
                self.output += os.read(self.fd, 4096).decode()

    def finish(self):
        """Waits for the end and gives the exit status."""
        while True:
            try:
                if not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


class CommandTest(unittest.TestCase):

    def test_does_what_stock_lua_does(self):
        for arguments, more in SAME_AS_STOCK:
            with self.subTest(arguments=arguments, **more):
                self.assertEqual(run(TRILUNE, arguments, **more),
                                 run(STOCK, arguments, **more))

    def test_sessions_without_a_terminal_look_like_stock_lua_s(self):
        for lines in SESSIONS:
            with self.subTest(lines=lines):
                self.assertEqual(run(TRILUNE, ["-i"], lines),
                                 run(STOCK, ["-i"], lines))

    def test_bad_options_are_named_and_listed(self):
        for arguments in (["-x"], ["-e"], ["-l"], ["-e", "-v"], ["-vi"],
                          ["--foo"], ["-W2"]):
            with self.subTest(arguments=arguments):
                ours, stock = run(TRILUNE, arguments), run(STOCK, arguments)
                self.assertEqual(ours[:2], stock[:2])
                for line in stock[2].splitlines():
                    self.assertIn(line, ours[2])

    # Stock lua exits 0 here, unlike for every other way to run a script.
    def test_an_error_in_a_script_from_a_pipe_is_status_1(self):
        status, _, error = run(TRILUNE, [], "error('x', 0)")
        self.assertEqual(status, 1)
        self.assertTrue(error.startswith("lua: x\n"), error)

    # Stock lua says "(null)".
    def test_a_session_that_ends_within_a_chunk_says_what_is_missing(self):
        _, _, error = run(TRILUNE, ["-i"], "for i = 1, 2 do\n")
        self.assertIn("'end' expected near <eof>", error)

    def test_help_and_version(self):
        status, out, error = run(TRILUNE, ["--help"])
        self.assertEqual((status, error), (0, ""))
        self.assertIn("--procs", out)
        status, out, error = run(TRILUNE, ["--version"])
        self.assertEqual((status, error), (0, ""))
        self.assertRegex(out, r"^Trilune \d+\.\d+\.\d+, Lua 5\.4\.\d+\n$")

    def test_the_number_of_ps(self):
        show = ["-e", "print(require('trilune').procs())"]
        self.assertEqual(run(TRILUNE, ["--procs", "3", *show])[1], "3\n")
        env = {"TRILUNE_PROCS": "2"}
        self.assertEqual(run(TRILUNE, show, env=env)[1], "2\n")
        self.assertEqual(run(TRILUNE, ["--procs=5", *show], env=env)[1], "5\n")

    def test_a_bad_number_of_ps_is_refused(self):
        for arguments, env in ((["--procs", "0"], {}), (["--procs=x"], {}),
                               ([], {"TRILUNE_PROCS": "257"})):
            with self.subTest(arguments=arguments, env=env):
                status, out, error = run(TRILUNE, [*arguments, "-v"], env=env)
                self.assertEqual((status, out), (1, ""))
                self.assertIn("is not a number from 1 to 256", error)

    def test_the_mode_of_preemption_and_the_slice(self):
        # Does another goroutine run while this one computes?
        script = ("local tri, n = require('trilune'), 0 "
                  "tri.go(function() n = 1 end) local i = 0 "
                  "while n == 0 and i < 3e7 do i = i + 1 end print(n)")
        for options, shown in (
                ([], "1\n"), (["--preempt", "signal"], "1\n"),
                (["--slice=50us"], "1\n"), (["--preempt=count:100"], "1\n"),
                (["--preempt", "strand"], "0\n"), (["--preempt=off"], "0\n"),
                (["--slice", "10s"], "0\n")):
            with self.subTest(options=options):
                self.assertEqual(
                    run(TRILUNE, ["--procs=1", *options, "-e", script]),
                    (0, shown, ""))

    def test_bad_modes_and_slices_are_refused(self):
        for arguments, why in (
                (["--preempt", "on"], "--preempt: 'on' is not signal, count:N "
                 "with an N from 1, strand or off\n"),
                (["--slice=1h"], "--slice: '1h' is not a time from 10us to "
                 "10s, such as 50us, 10ms or 1s\n")):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(TRILUNE, [*arguments, "-v"]),
                                 (1, "", "lua: " + why))

    def test_a_script_beyond_its_limits_ends_with_status_1(self):
        loop = "while true do pcall(function() while true do end end) end"
        for options, script, why in (
                (["--time=0.1"], loop, "time limit (0.1 s) exceeded"),
                (["--time=0.1"], "require('trilune').sleep(100)",
                 "time limit (0.1 s) exceeded"),
                (["--cpu=0.1"], loop, "CPU time limit (0.1 s) exceeded"),
                (["--instructions=1000000"], loop,
                 "instruction limit (1000000) exceeded"),
                (["--memory=4M"], "string.rep('x', 1 << 23)",
                 "not enough memory"),
                (["--message=1K"], "require('trilune').channel(1)"
                 ":send(('x'):rep(2000))",
                 "message too large: 1024 bytes at most"),
                (["--goroutines=2"], "local tri = require('trilune') "
                 "for i = 1, 3 do tri.go(tri.sleep, 9) end",
                 "too many goroutines (limit 2)")):
            with self.subTest(options=options, script=script):
                status, out, error = run(TRILUNE, [*options, "-e", script])
                self.assertEqual((status, out), (1, ""))
                self.assertIn(why, error)
        every = ["--time=100", "--cpu=100", "--instructions=1000000",
                 "--memory=4M", "--goroutines=2"]
        self.assertEqual(run(TRILUNE, [*every, "-e", "print(1)"]),
                         (0, "1\n", ""))

    def test_debugging_options_come_from_the_environment(self):
        env = {"TRILUNE_DEBUG": "schedtrace=1,scheddetail=1"}
        sleep = ["-e", "require('trilune').sleep(0.1)"]
        status, _, error = run(TRILUNE, sleep, env=env)
        self.assertEqual(status, 0, error)
        self.assertRegex(error, r"SCHED \d+ms: procs=\d+ (?s:.*)\n  P0: ")
        self.assertEqual(run(TRILUNE, ["-E", *sleep], env=env), (0, "", ""))
        self.assertEqual(run(TRILUNE, ["-v"], env={"TRILUNE_DEBUG": "x=1"}),
                         (1, "", "lua: TRILUNE_DEBUG: 'x=1' is no debugging "
                          "option; there are schedtrace=MS, scheddetail=1 and "
                          "stuck=1\n"))

    def test_a_deadlock_is_status_2(self):
        status, _, error = run(
            TRILUNE, ["-e", "require('trilune').chan():recv()"])
        self.assertEqual(status, 2)
        self.assertIn("fatal: all goroutines are asleep - deadlock!", error)

    def test_one_interrupt_raises_an_error(self):
        with subprocess.Popen(
                [TRILUNE, "-e", "print(1) io.stdout:flush() "
                 "require('trilune').sleep(600)"], env=environment(),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"interrupted!", error)

    def test_two_interrupts_kill_what_does_not_answer(self):
        with subprocess.Popen(
                [TRILUNE, "-e", "print(1) io.stdout:flush() " + STUCK],
                env=environment(), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            end = time.monotonic() + PATIENCE_SECONDS
            while process.poll() is None and time.monotonic() < end:
                process.send_signal(signal.SIGINT)
                time.sleep(0.05)
            process.kill()
        self.assertEqual(process.returncode, -signal.SIGINT)


    @staticmethod
    def script(text):
        """Starts a script and waits until it has printed a line."""
        process = subprocess.Popen(
            [TRILUNE, "-e", text], env=environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        return process

    def quit(self, process, regex):
        """Sends SIGQUIT and gives stderr once `regex` is found in it."""
        process.send_signal(signal.SIGQUIT)
        dump = b""
        while not re.search(regex, dump.decode()):
            if not select.select([process.stderr], [], [], PATIENCE_SECONDS)[0]:
                process.kill()
                self.fail(f"no {regex!r} in {dump!r}")
            dump += os.read(process.stderr.fileno(), 65536)
        return dump.decode()

    def test_quit_shows_what_waits(self):
        with self.script("tri = require 'trilune' ch = tri.chan() "
                         "tri.go(function() tri.sleep(600) end) "
                         "tri.yield() print(1) io.stdout:flush() "
                         "tri.sleep(600)") as process:
            dump = self.quit(process, r"goroutine 2 \[sleep(.*\n)+.*\n\n")
            self.assertRegex(dump, r"SIGQUIT: isolate main:\n\n"
                             r"goroutine 1 \[sleep, \d+ ms\]:\n"
                             r"stack traceback:\n")
            process.kill()

    def test_quit_shows_who_computes_and_the_program_goes_on(self):
        with self.script("local tri = require 'trilune' "
                         "tri.go(function() tri.sleep(600) end) "
                         "print(1) io.stdout:flush() "
                         "print(pcall(function() while true do end end))"
                         ) as process:
            for _ in range(3):
                dump = self.quit(process, r"goroutine 2 (.*\n)+\n")
                self.assertRegex(dump, r"goroutine 1 \[\w+\]:\n"
                                 r"stack traceback:\n")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual((process.returncode, out),
                             (0, b"false\tinterrupted!\n"))

    def test_quit_says_that_c_code_runs(self):
        with self.script("print(1) io.stdout:flush() " + STUCK) as process:
            for _ in range(2):
                self.quit(process, r"isolate main:\n\nstack unavailable \(in C\)")
            process.kill()


class TerminalTest(unittest.TestCase):

    def setUp(self):
        self.terminal = Terminal()
        self.terminal.wait("> ")

    def test_expressions_history_and_end(self):
        self.terminal.type("1 + 1\r", then="2\r\n> ")
        self.terminal.type("for i = 1, 2 do\r", then=">> ")
        self.terminal.type("print(i, 'x')\r", then=">> ")
        self.terminal.type("end\r", then="1\tx\r\n2\tx\r\n> ")
        self.terminal.type("\x1b[A\x1b[A\r", then="2\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_characters_beyond_ascii(self):
        self.terminal.type("#'h\u00e9llo'\r", then="6\r\n> ")
        self.terminal.type("os.exit(7)\r", then="\r\n")
        self.assertEqual(self.terminal.finish(), 7)

    def test_an_interrupt_at_the_prompt_gives_up_the_line(self):
        self.terminal.type("error(", then="error(")
        self.terminal.type("\x03", then="^C\r\n> ")
        self.terminal.type("for\r", then=">> ")
        self.terminal.type("\x03", then="^C\r\n> ")
        self.terminal.type("3 + 4\r", then="7\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_an_interrupt_of_a_chunk_leaves_the_session(self):
        self.terminal.type("print('in') require('trilune').sleep(600)\r",
                           then="in\r\n")
        self.terminal.type("\x03", then="interrupted!", at_prompt=False)
        self.terminal.wait("> ", self.terminal.output.index("interrupted!"))
        self.terminal.type("3 + 4\r", then="7\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_quit_at_the_prompt_and_in_a_chunk(self):
        self.terminal.type("tri = require 'trilune' tri.go(tri.sleep, 600)\r",
                           then="> ")
        self.terminal.type("\x1c", then="[sleep, ")
        self.terminal.type("3 + 4\r", then="7\r\n> ")
        self.terminal.type("print('in') while true do end\r", then="in\r\n")
        self.terminal.type("\x1c", then="stdin:1: in main chunk",
                           at_prompt=False)
        self.terminal.type("\x03", then="interrupted!", at_prompt=False)
        self.terminal.wait("> ", self.terminal.output.index("interrupted!"))
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_goroutines_go_on_while_the_prompt_waits(self):
        self.terminal.type("tri = require 'trilune'\r", then="> ")
        self.terminal.type("g = tri.go(function() tri.sleep(0.05) "
                           "print('be' .. 'hind') end)\r", then="behind")
        self.terminal.type("g:status()\r", then="dead\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_a_deadlock_is_an_error_of_the_line(self):
        self.terminal.type("tri = require 'trilune' x = 5\r", then="> ")
        for line in ("tri.chan():recv()", "tri.channel():recv()",
                     "tri.group(function(g) g:go(function() "
                     "tri.chan():recv() end) end)",
                     "pcall(function() tri.chan():recv() end) "
                     "tri.chan():recv()"):
            seen = len(self.terminal.output)
            self.terminal.type(line + "\r", then="deadlock!\r\n")
            self.terminal.wait("stack traceback:\r\n", seen)
            self.terminal.wait("\n> ", seen)
        self.terminal.type("tri.go(function() tri.chan():recv() end)\r",
                           then="> ")
        self.terminal.type("x + 1\r", then="6\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_tab_completes_names(self):
        self.terminal.type("tri = require 'trilune' ch = tri.chan(3)\r",
                           then="> ")
        self.terminal.type("obj = setmetatable({one = 1}, {__index = "
                           "{twofold = function() return 22 end}})\r",
                           then="> ")
        for typed, result in (
                ("tost\t(12)", "12"), ("ch:ca\t()", "3"),
                ("#string.rep\t('x', 9)", "9"), ("obj.o\t + 7", "8"),
                ("obj:t\t()", "22"), ("('x') == 'x' an\t 44", "44"),
                ("type(require 'trilune.pa\t'.map)", "function")):
            with self.subTest(typed=typed):
                self.terminal.type(typed + "\r", then=f"\r\n{result}\r\n> ")
        # Several: first what they have in common, then a list.
        self.terminal.type("coroutine.\t", then="isyieldable")
        self.terminal.type("re\t = 5\r", then="> ")
        self.terminal.type("coroutine.resume\r", then="5\r\n> ")
        # Nothing to complete: a tab, as text.
        self.terminal.type("#'\t'\r", then="1\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_tab_completes_modules_in_files(self):
        with open("zebra_mod.lua", "w", encoding="utf-8") as file:
            file.write("return {stripes = 40}")
        self.terminal.type("require('zebra_m\t').stripes\r",
                           then="40")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_tab_survives_what_a_session_does_to_its_libraries(self):
        self.terminal.type("answer = {value = 42} string, table, next, rawget, "
                           "pcall = nil\r", then="> ")
        self.terminal.type("answer.v\t\r", then="42\r\n> ")
        self.terminal.type("answer\r", then="{ value = 42 }\r\n> ")
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_tables_are_shown_bounded_and_with_cycles(self):
        show = self.terminal.type
        show("{}\r", then="{}\r\n> ")
        show("{3, 'x', y = {z = true}}\r",
             then='{ 3, "x", y = { z = true } }\r\n> ')
        show("t = {1} t.me = t t.sub = {t}\r", then="> ")
        show("t, 'text'\r", then="{ 1, me = <cycle, 1 up>, "
             "sub = { <cycle, 2 up> } }\ttext\r\n> ")
        show("t = {} for i = 1, 10000 do t[i] = i end\r", then="> ")
        show("t\r", then="... 9950 more\r\n}\r\n> ")
        show("t = {} for i = 1, 100 do t = {t} end\r", then="> ")
        show("t\r", then="{ { { { { { {...} } } } } } }\r\n> ")
        show("setmetatable({}, {__tostring = function() return 'mine' end})\r",
             then="mine\r\n> ")
        show("{setmetatable({}, {__tostring = error})}\r",
             then="{ <error in __tostring of a table> }\r\n> ")
        show("print({1}) function print(...) io.write('own ', ...) end\r",
             then="table: 0x")
        self.terminal.wait("> ")
        show("'x'\r", then="own x")
        show("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_a_goroutine_that_reads_leaves_the_prompt_its_characters(self):
        self.terminal.type("tri = require 'trilune'\r", then="> ")
        self.terminal.type("g = tri.go(function() return io.read(), io.read() "
                           "end)\r", then="> ")
        for i in range(5):
            self.terminal.type(f"{i} + 0 * 12345678901234567890\r",
                               then=f"{i}.0\r\n> ")
        self.terminal.type("g:join(0)\r", then="nil\ttimeout\r\n> ")
        self.terminal.type("print('now') print(g:join())\r", then="now\r\n")
        self.terminal.type("first\rsecond\r", then="true\tfirst\tsecond\r\n",
                           at_prompt=False)
        self.terminal.wait("> ", self.terminal.output.index("\tsecond"))
        self.terminal.type("io.read()\r", then="\r\n")
        self.terminal.type("third\r", then="third\r\nthird\r\n> ",
                           at_prompt=False)
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)

    def test_history_is_kept_between_sessions(self):
        self.terminal.type("\x04", then="\r\n")
        self.assertEqual(self.terminal.finish(), 0)
        path = os.path.abspath("state/history")
        for line, recall in (("30 + 1", "30 + 1"), ("\x1b[A", "30 + 1"),
                             ("if true then\rreturn 8 end", None)):
            terminal = Terminal({"TRILUNE_HISTORY": path})
            terminal.wait("> ")
            for part in line.split("\r")[:-1]:
                terminal.type(part + "\r", then=">> ")
            terminal.type(line.split("\r")[-1] + "\r",
                          then="31\r\n> " if recall else "8\r\n> ")
            terminal.type("\x04", then="\r\n")
            self.assertEqual(terminal.finish(), 0)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(),
                             "30 + 1\nif true then\\nreturn 8 end\n")
        # Not with -E, and not of what is no terminal.
        terminal = Terminal({"TRILUNE_HISTORY": path}, ["-E"])
        terminal.wait("> ")
        terminal.type("1 + 1\r", then="2\r\n> ")
        terminal.type("\x04", then="\r\n")
        self.assertEqual(terminal.finish(), 0)
        run(TRILUNE, ["-i"], "9\n", env={"TRILUNE_HISTORY": path})
        with open(path, encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 2)


if __name__ == "__main__":
    TRILUNE = os.path.abspath(sys.argv.pop(1))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for file_name, content in FILES.items():
            with open(file_name, "w", encoding="utf-8") as file:
                file.write(content)
        succeeded = unittest.main(exit=False).result.wasSuccessful()
        os.chdir("/")
    sys.exit(0 if succeeded else 1)
