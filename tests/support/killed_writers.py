"""Writers that are killed at every line of their code, as by kill -9; to be run as a program.

    python killed_writers.py cache FOLDER 1

One after the other, child processes write version 1, 2, 3 and so on. The first is killed at the first
line of our code that it comes to, the second at the second, until one lives to its end; with 5 in place
of 1, at every fifth line. After each, what
stands on the disk has to be the version before or the new one, whole. At the end it prints how many were
killed, and how many files are left over.
"""

import os
import signal
import sys
from pathlib import Path

from modelwire.catalog.cache import DiscoveryCache
from modelwire.config.edit import edit_config
from modelwire.config.load import load_config
from modelwire.models import Model

OURS = tuple(
    f"/modelwire/{file}.py" for file in ("catalog/cache", "config/edit", "files", "config/backups")
)
MODELS = 50


def write_cache(folder: Path, version: int) -> None:
    models = [Model("acme", f"model-{number}", name=str(version)) for number in range(MODELS)]
    DiscoveryCache(folder).write("acme", models, float(version))


def read_cache(folder: Path) -> int:
    kept = DiscoveryCache(folder).read("acme")
    if kept is None:
        assert not (folder / "acme.json").exists(), "a file that cannot be read"
        return 0
    assert len(kept.models) == MODELS
    assert {model.name for model in kept.models} == {str(int(kept.fetched_at))}
    return int(kept.fetched_at)


def document(version: int) -> str:
    # Every other version has another shape, so that the one before it is kept as a backup.
    entries = "".join(
        f'      "acme/model-{number}": {{ alias: "v{version}-{number}" }},\n'
        for number in range(3 if version % 2 else 1)
    )
    return f"// version {version}\n{{ agents: {{ defaults: {{ models: {{\n{entries}}} }} }} }}\n"


def write_config(folder: Path, version: int) -> None:
    edit_config(lambda _: document(version), folder / "modelwire.json5", environ={})


def read_config(folder: Path) -> int:
    path = folder / "modelwire.json5"
    if not path.exists():
        return 0
    load_config(path, environ={})
    text = path.read_text()
    version = int(text.splitlines()[0].rpartition(" ")[2])
    assert text == document(version)
    return version


WRITERS = {"cache": (write_cache, read_cache), "config": (write_config, read_config)}


def killed_at(line: int):
    """A tracer that kills this process at the given line of our code, counted as they run."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if not any(part in frame.f_code.co_filename for part in OURS):
            return None
        if event == "line":
            seen += 1
            if seen == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def run(kind: str, folder: Path, step: int) -> int:
    """Let writers be killed until one is not; how many were."""
    write, read = WRITERS[kind]
    before = version = 0
    line = 0
    while True:
        line += step
        version += 1
        child = os.fork()
        if child == 0:
            sys.settrace(killed_at(line))
            write(folder, version)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        found = read(folder)
        assert found in (before, version), (line, found, before, version)
        before = found
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, status
            assert found == version
            return version - 1


if __name__ == "__main__":
    kind, folder, step = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    WRITERS[kind][0](folder, 0)  # what is imported late is imported here
    killed = run(kind, folder, step)
    print(killed, len([entry for entry in folder.iterdir() if "tmp" in entry.name]))
