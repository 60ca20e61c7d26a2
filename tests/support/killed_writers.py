"""Writers that are killed at every line of their code, as by kill -9; to be run as a program.

    python killed_writers.py cache FOLDER 1

One after the other, child processes write version 1, 2, 3 and so on. The first is killed at the first
line of our code that it comes to, the second at the second, until one lives to its end; with 5 in place
of 1, at every fifth line. After each, the file has to hold the version before or the new one, whole, and
has to be its owner's alone. At the end it prints how many were killed, and how many files are left over.
"""

import json
import os
import signal
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

from modelwire.catalog.cache import DiscoveryCache
from modelwire.cli.chat.input_history import PrivateHistory
from modelwire.config.approvals import read_approvals
from modelwire.config.edit import edit_config
from modelwire.config.load import load_config
from modelwire.messages import UserMessage
from modelwire.models import Model
from modelwire.sessions import Session
from modelwire_cache.fingerprint import RecordedRequest
from modelwire_cache.store import Recording, RecordingStore

OURS = (
    "/modelwire/catalog/cache.py",
    "/modelwire/cli/chat/input_history.py",
    "/modelwire/config/approvals.py",
    "/modelwire/config/backups.py",
    "/modelwire/config/edit.py",
    "/modelwire/config/file.py",
    "/modelwire/files/replace.py",
    "/modelwire/sessions/session.py",
    "/modelwire_cache/store.py",
)
MODELS = 10
MESSAGES = 5
TOO_MANY = 2100


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


def environ(folder: Path) -> dict[str, str]:
    return {"MODELWIRE_STATE_DIR": str(folder.resolve() / "state")}


def write_config(folder: Path, version: int) -> None:
    edit_config(lambda _: document(version), folder / "modelwire.json5", environ=environ(folder))


def read_config(folder: Path) -> int:
    path = folder / "modelwire.json5"
    if not path.exists():
        return 0
    load_config(path, environ={})
    read_approvals(environ(folder))  # whole or as before, too
    text = path.read_text()
    version = int(text.splitlines()[0].rpartition(" ")[2])
    assert text == document(version)
    return version


def prepare_recording(folder: Path, _: int) -> None:
    """Let time pass: only what is old is taken for the rest of a killed writer."""
    for draft in folder.glob(".*"):
        os.utime(draft, (0, 0))


def write_recording(folder: Path, version: int) -> None:
    """Each version is the answer to another request: none replaces the file of another."""
    request = RecordedRequest("token count", "acme/m", {"system": str(version)})
    moment = datetime.now(UTC)
    said = [version] * MODELS
    store = RecordingStore(folder)
    store.write(
        store.path(request, 1),
        Recording(request.kind, request.model, request.content, moment, "complete", said),
    )


def read_recording(folder: Path) -> int:
    store = RecordingStore(folder)
    found = [store.read(path) for path in store.paths()]
    assert len(found) == len(list(folder.glob("*.json")))
    for recording in found:
        assert recording.response == [int(recording.request["system"])] * MODELS
    return max((recording.response[0] for recording in found), default=0)


def prepare_history(folder: Path, version: int) -> None:
    """Make a history that is longer than it may be."""
    path = folder / "history"
    path.write_bytes(f"\n# then\n+{version}\n".encode() * TOO_MANY)
    path.chmod(0o600)


def write_history(folder: Path, version: int) -> None:
    """Open the history, which cuts it, and add a line."""
    PrivateHistory(folder / "history").store_string(str(version))


def read_history(folder: Path) -> int:
    text = (folder / "history").read_text()
    lines = [line for line in text.splitlines() if line.startswith("+")]
    assert len(lines) in (TOO_MANY, 1000, 1001), len(lines)
    assert len(set(lines)) == 1
    return int(lines[0])


def prepare_session(folder: Path, version: int) -> None:
    """Make a session of an older format."""
    path = folder / "session.jsonl"
    path.unlink(missing_ok=True)
    with Session.create(path, cwd="/") as session:
        for _ in range(MESSAGES):
            session.add(UserMessage(str(version)))
    head, _, rest = path.read_text().partition("\n")
    path.write_text(json.dumps({**json.loads(head), "version": 2}) + "\n" + rest)


def write_session(folder: Path, version: int) -> None:
    """Add to the session, which rewrites it as a whole."""
    with Session.open(folder / "session.jsonl") as session:
        session.add(UserMessage(str(version)))


def read_session(folder: Path) -> int:
    with Session.open(folder / "session.jsonl") as session:
        texts = [message.content[0].text for message in session.conversation().messages]
    assert len(texts) in (MESSAGES, MESSAGES + 1)
    assert len(set(texts)) == 1
    return int(texts[0])


def prepare_nothing(_: Path, __: int) -> None:
    """The file is as the writer before has left it."""


WRITERS = {
    "recording": (prepare_recording, write_recording, read_recording),
    "cache": (prepare_nothing, write_cache, read_cache),
    "config": (prepare_nothing, write_config, read_config),
    "history": (prepare_history, write_history, read_history),
    "session": (prepare_session, write_session, read_session),
}


def killed_at(line: int):
    """A tracer that kills this process at the given line of our code, counted as they run."""
    left = line
    ours: dict[str, bool] = {}

    def trace(frame, _event, _argument):
        file = frame.f_code.co_filename
        if file not in ours:
            ours[file] = file.endswith(OURS)
        return count if ours[file] else None

    def count(_frame, event, _argument):
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    return trace


def run(kind: str, folder: Path, step: int) -> int:
    """Let writers be killed until one is not; how many were."""
    prepare, write, read = WRITERS[kind]
    before = version = 0
    line = 0
    while True:
        line += step
        version += 1
        prepare(folder, version)
        child = os.fork()
        if child == 0:
            sys.settrace(killed_at(line))
            write(folder, version)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        found = read(folder)
        for entry in folder.iterdir():
            assert entry.name.startswith(".") or not stat.S_IMODE(entry.stat().st_mode) & 0o077
        assert found in (before, version), (line, found, before, version)
        before = found
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, status
            assert found == version
            return version - 1


if __name__ == "__main__":
    kind, folder, step = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    prepare, write, _ = WRITERS[kind]
    prepare(folder, 0)
    write(folder, 0)  # what is imported late is imported here
    killed = run(kind, folder, step)
    print(killed, len([entry for entry in folder.iterdir() if "tmp" in entry.name]))
