"""The entry point of `python -m modelwire`, which is the same as `modelwire`."""

import os
import sys


def _leave_out_working_directory() -> None:
    """Remove the folder that `python -m` puts first on the path, unless it was there before.

    Otherwise a module or plugin metadata in the working directory would be loaded. Modules that
    Python has imported before this line may already be from there.
    """
    try:
        folder = os.getcwd()  # noqa: PTH109 - nothing is imported before this is done
    except OSError:
        folder = ""
    if not sys.flags.safe_path and sys.path[:1] in ([""], [folder]):
        del sys.path[0]


_leave_out_working_directory()

from modelwire.cli import main  # noqa: E402 - see above

main()
