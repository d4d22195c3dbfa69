#!/usr/bin/env python3
"""Every allocation and mapping of the command fails once: fault_test.py TRILUNE FAIL_NTH.so SCRIPT.lua

For each n the script is run with the n-th of them failing, and with all from the n-th on. It must either do its work,
or say what is missing and end with status 1; not be ended by a signal, hang, or pretend.
"""

import os
import subprocess
import sys
import tempfile
import unittest

TRILUNE, FAIL_NTH, SCRIPT = (os.path.abspath(path) for path in sys.argv[1:4])
ALL_THAT_FOLLOW = 1 << 30


def run(folder, options, at, count):
    """The outcome, and who asked for the first that failed; None if none did."""
    note = os.path.join(folder, "note")
    if os.path.exists(note):
        os.remove(note)
    env = {**os.environ, "LD_PRELOAD": FAIL_NTH, "TRI_FAIL_AT": str(at), "TRI_FAIL_COUNT": str(count),
           "TRI_FAIL_NOTE": note}
    try:
        done = subprocess.run([TRILUNE, *options, SCRIPT], env=env, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False)
        outcome = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        outcome = "hangs", late.stdout, late.stderr
    if not os.path.exists(note):
        return outcome, None
    with open(note, encoding="utf-8", errors="replace") as file:
        return outcome, file.read()


def is_good(outcome):
    status, out, err = outcome
    return (status == 0 and out == "ok\n") or (status == 1 and err.strip() != "")


class FaultTest(unittest.TestCase):
    def check(self, count, *options):
        bad, at = [], 0
        with tempfile.TemporaryDirectory() as folder:
            while True:
                at += 1
                outcome, asked = run(folder, options, at, count)
                if asked is None:
                    break
                if not is_good(outcome):
                    bad.append(f"{at}: {outcome}\n{asked}")
        self.assertEqual(outcome, (0, "ok\n", ""), "without a failure")
        self.assertGreater(at, 100)
        self.assertFalse(bad, f"{len(bad)} of {at}:\n" + "\n".join(bad[:5]))

    def test_each_fails_alone(self):
        self.check(1, "--procs", "2")

    def test_each_fails_alone_on_one_proc(self):
        self.check(1, "--procs", "1")

    def test_all_from_one_on_fail(self):
        self.check(ALL_THAT_FOLLOW, "--procs", "2")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
