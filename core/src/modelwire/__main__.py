"""`python -m modelwire` is the same as `modelwire`."""

import os
import sys


def _leave_out_working_directory() -> None:
    """Take the folder that `python -m` puts first on the path away, unless Python did not put it.

    A module or the metadata of a plugin that lies in the working directory would be run. What Python
    has imported before this line it may have taken from there.
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
