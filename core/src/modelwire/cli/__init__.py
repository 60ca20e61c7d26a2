"""The command line. It imports nothing heavy until a command needs it."""

from modelwire.cli.app import main

__all__ = ["main"]
