"""`modelwire` as on a system that lacks what only POSIX has; its arguments are the command's.

This is not Windows. It has none of the calls that Windows has not, and its loop has no signal handlers.
"""

import asyncio
import os
import signal
import sys

# These have an implementation for each system, and choose the one for this one.
import filelock  # noqa: F401
import platformdirs  # noqa: F401

_MODULES = ("termios", "fcntl", "pwd", "grp", "tty", "pty", "resource", "readline", "syslog")
_CALLS = (
    *("fork", "forkpty", "register_at_fork", "getuid", "geteuid", "getgid", "getegid", "fchown"),
    *("chown", "lchown", "getpgid", "setsid", "killpg", "getpgrp", "sched_getaffinity"),
    *("O_NOCTTY", "O_DIRECTORY", "uname", "mkfifo", "wait4", "nice"),
)
_SIGNALS = ("SIGHUP", "SIGWINCH", "SIGTSTP", "SIGQUIT", "SIGPIPE", "SIGUSR1", "SIGCHLD", "SIGALRM")


def _refuse(*_):
    raise NotImplementedError


for name in _MODULES:
    sys.modules[name] = None
for name in _CALLS:
    if hasattr(os, name):
        delattr(os, name)
if hasattr(os, "process_cpu_count"):
    os.process_cpu_count = os.cpu_count  # where POSIX is, it calls what was removed above
for name in _SIGNALS:
    delattr(signal, name)
asyncio.SelectorEventLoop.add_signal_handler = _refuse
asyncio.SelectorEventLoop.remove_signal_handler = _refuse

from modelwire.cli import main  # noqa: E402

main()
