"""`modelwire chat` in tmux, a terminal that breaks long lines again when its window becomes narrower."""

import shutil
import subprocess
import time

import pytest

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.fixture
def tmux(program, chat):
    """Runs a command of tmux in a server of its own; returns what it printed."""
    del chat  # it installs the plugin

    def run(*arguments):
        command = ["tmux", "-S", str(program.folder / "tmux"), "-f", "/dev/null", *arguments]
        done = subprocess.run(
            command,
            cwd=program.folder,
            env={"PATH": "/usr/bin:/bin", **program.environ, "TERM": "xterm-256color"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield run
    subprocess.run(["tmux", "-S", str(program.folder / "tmux"), "kill-server"], capture_output=True)


def shows(tmux, text):
    """Wait until the window shows a text; return everything in it and above."""
    deadline = time.monotonic() + 60
    while text not in (seen := tmux("capture-pane", "-t", "chat", "-p", "-S", "-")):
        assert time.monotonic() < deadline, seen.strip()
        assert "Pane is dead" not in seen, seen.strip()
        time.sleep(0.05)
    return seen


@pytest.mark.parametrize("columns", [40, 23, 120])
def test_a_half_drawn_block_is_drawn_again_once(program, tmux, columns):
    line = f"{program.command[0]} chat -m talker/priced"
    size = ("-x", "80", "-y", "40")
    tmux("new-session", "-d", "-s", "chat", *size, line, ";", "set", "remain-on-exit", "on")
    shows(tmux, ">")
    # With empty rows below the cursor tmux moves the upper ones out of the window when it breaks lines.
    for prompt, end in (("long", "code79 = 79"), ("drip", "drop59")):
        tmux("send-keys", "-t", "chat", "-l", prompt)
        tmux("send-keys", "-t", "chat", "Enter")
        shows(tmux, end)
    tmux("resize-window", "-t", "chat", "-x", str(columns), "-y", "40")
    (program.folder / "go").touch()
    seen = " ".join(shows(tmux, "and out.").split())
    assert " ".join(["> drip", *(f"drop{n}" for n in range(60)), "and out."]) in seen
    assert seen.count("drop59 ") == 1
