#!/usr/bin/env python3
"""thread_test TRILUNE LIBRARY SCRIPT: runs the script while the n-th thread cannot
be made, for every n, and while none can be made from the n-th on. It must end well,
or, where the runtime could not even start, say so. Ends with `N passed, N failed`."""

import os
import re
import subprocess
import sys
import tempfile

LIMIT_SECONDS = 60
MAX_THREADS = 40
trilune, library, script = map(os.path.abspath, sys.argv[1:4])


def run(first, count, procs):
    """Runs the script once; returns whether so many threads were asked for, and
    what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        note = os.path.join(folder, "note")
        environment = dict(os.environ, LD_PRELOAD=library, TRI_FAIL_AT=str(first),
                           TRI_FAIL_COUNT=str(count), TRI_FAIL_NOTE=note)
        try:
            # The command alone, not the shells that it starts, counts: they make no
            # threads.
            result = subprocess.run([trilune, "--procs", str(procs), script],
                                    env=environment, stdin=subprocess.DEVNULL,
                                    capture_output=True, text=True,
                                    timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired as late:
            return True, f"no end after {LIMIT_SECONDS} s: {late.stdout} {late.stderr}"
        reached = os.path.exists(note)
    errors = result.stderr
    if count > 1:  # it may have to be told
        errors = re.sub(r"trilune: no thread can be started \(.*\): goroutines wait "
                        r"until one of \d+ is free \(said once\)\n", "", errors)
    ran = result.returncode == 0 and result.stdout == "done\n" and not errors
    refused = (result.returncode == 1 and not result.stdout
               and "cannot start a thread" in result.stderr and first <= 2)
    if ran or refused:
        return reached, None
    return reached, f"status {result.returncode}: {result.stdout}{result.stderr}"


passed = failed = 0
for procs in 1, 2, 4:
    for count in 1, 1000:
        for first in range(1, MAX_THREADS):
            reached, wrong = run(first, count, procs)
            if wrong:
                failed += 1
                print(f"procs {procs}, thread {first}, {count} in a row: {wrong}")
            else:
                passed += 1
            if not reached:
                break
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed < 12)
