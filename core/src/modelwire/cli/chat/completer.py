"""Completion of typed input: commands, names of models, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from modelwire.cli.chat.slash import COMMANDS

__all__ = ["ChatCompleter"]

_WITH_FILE = frozenset({"file", "image", "load", "save", "tools"})


class ChatCompleter(Completer):
    """Completes slash commands and their arguments; of prompts, nothing.

    Args:
        models: Gives the names of models that are known without a request.
        levels: The levels of reasoning.
    """

    def __init__(self, models: Callable[[], Iterable[str]], levels: Sequence[str]) -> None:
        self._models = models
        self._levels = levels
        self._known: list[str] | None = None
        self._paths = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """The candidates at the cursor."""
        typed = document.text_before_cursor
        if not typed.startswith("/") or "\n" in typed:
            return
        command, space, argument = typed.partition(" ")
        name = command[1:].lower()
        if not space:
            for each, known in COMMANDS.items():
                if each.startswith(name):
                    yield Completion(
                        f"/{each} " if known.argument else f"/{each}",
                        start_position=-len(typed),
                        display=f"/{each}",
                        display_meta=known.help,
                    )
        elif name in _WITH_FILE:
            yield from self._paths.get_completions(Document(argument), complete_event)
        else:
            for word in self._words(name):
                if argument.casefold() in word.casefold():
                    yield Completion(word, start_position=-len(argument))

    def _words(self, name: str) -> Iterable[str]:
        if name == "reasoning":
            return self._levels
        if name != "model":
            return ()
        if self._known is None:
            self._known = sorted(set(self._models()))
        return self._known
