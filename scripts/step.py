"""One step of a make target: a line with its progress, and its output if it fails.

Usage: step.py TEXT COMMAND [ARGUMENT]...

Any Python 3 can run it, since it runs before there is an environment.
"""

import subprocess
import sys
import tempfile
import time

EVERY = 2.0
"""Seconds between two dots."""


def main(text: str, *command: str) -> int:
    """Run a command and return its exit status; what it prints is shown if it fails."""
    print(f"{text}...", end="", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        try:
            status = _run(command, output.fileno())
        except KeyboardInterrupt:
            print(" interrupted", flush=True)
            return 130
        except OSError as error:
            print(" failed", flush=True)
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            return 127
        if status == 0:
            print(f" done in {time.monotonic() - began:.0f} s", flush=True)
            return 0
        print(" failed", flush=True)
        output.seek(0)
        sys.stderr.buffer.write(output.read())
        sys.stderr.flush()
    print(f"This failed: {' '.join(command)}", file=sys.stderr)
    return status if status > 0 else 128 - status


def _run(command: tuple[str, ...], output: int) -> int:
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    ) as process:
        try:
            while True:
                try:
                    return process.wait(EVERY)
                except subprocess.TimeoutExpired:
                    print(".", end="", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
