"""A Ctrl-C at a question ends it, also one that no system call was broken off by."""

import os
import pty
import subprocess
import sys
import textwrap

import pytest

# Another thread is hit: the main one is neither woken up, nor is its read broken off. The same is seen
# of a signal that comes after Python's last look for signals and before the read begins.
PROGRAM = """
    import signal, sys, threading, time
    from modelwire.cli.output import confirm, prompt

    asking = {
        "prompt": prompt,
        "hidden": lambda text: prompt(text, hide_input=True),
        "confirm": lambda text: confirm(text, default=False),
    }
    other = threading.Thread(target=time.sleep, args=(600,), daemon=True)
    other.start()

    def strike():
        while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            time.sleep(0.001)
        time.sleep(float(sys.argv[2]))
        signal.pthread_kill(other.ident, signal.SIGINT)

    threading.Thread(target=strike, daemon=True).start()
    try:
        asking[sys.argv[1]]("Well")
    except BaseException as error:
        print(type(error).__name__, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.parametrize("kind", ["prompt", "hidden", "confirm"])
@pytest.mark.parametrize("after", ["0", "0.01", "0.5"])
def test_a_signal_that_breaks_off_no_read_ends_the_question(kind, after):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), kind, after],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(ours)
    assert output.split()[-2:] == ["Abort", "True"], errors
