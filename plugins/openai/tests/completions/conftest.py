import pytest

from modelwire.authoring import JsonEvent, StreamEnd
from modelwire.events.assembler import Assembler
from modelwire_openai.compat import Compat
from modelwire_openai.completions.stream import Translator


@pytest.fixture
def assemble():
    """Feeds chunks to the translator and its deltas to the core's assembler; gives the message."""

    def run(*chunks, compat: Compat | None = None, done: bool = True, tool_names=None):
        translator = Translator("m", compat or Compat(), tool_names)
        assembler = Assembler("acme", "m")
        events = [*(JsonEvent("message", chunk) for chunk in chunks), StreamEnd(marked=done)]
        for event in events:
            deltas = []
            try:
                translator.feed([event], deltas)
            finally:
                for delta in deltas:
                    assembler.feed(delta)
        translator.end()
        return assembler.finish()[-1].message

    return run


@pytest.fixture
def chunk():
    """Makes a chunk with one choice."""

    def make(finish=None, *, usage=None, **delta):
        made = {
            "id": "c1",
            "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        return {**made, "usage": usage} if usage else made

    return make
