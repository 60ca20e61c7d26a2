"""The environment of a pytest that a test starts: without the plugins that happen to be installed.

pytest imports each of them, most of which a development environment has for another reason. That takes
longer than most short runs.
"""

import os
from collections.abc import Iterable
from importlib.metadata import entry_points

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

OURS = [
    entry.value
    for entry in entry_points(group="pytest11")
    if entry.dist is not None and entry.dist.name.startswith("modelwire")
]
"""The modules of the plugins that modelwire's packages bring."""


def environ_with(plugins: Iterable[str]) -> dict[str, str]:
    """The environment of this process, and that pytest loads these plugins only."""
    return {**os.environ, **ALONE, "PYTEST_PLUGINS": ",".join(plugins)}
