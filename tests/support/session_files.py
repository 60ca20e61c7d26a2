"""What the program has kept of conversations, read from its files."""

import json

__all__ = ["entries", "messages", "sessions"]


def sessions(home):
    """The files of the sessions, oldest first."""
    return sorted((home / ".local/state/modelwire/sessions").glob("*.jsonl"))


def entries(path, kind="message"):
    """The entries of one kind."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["type"] == kind]


def messages(path):
    """The messages, on every branch."""
    return [entry["message"] for entry in entries(path)]
