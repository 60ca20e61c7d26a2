"""The wires of `wires.py` as values of a parameter."""

from extensive_tests import partly_extensive
from wires import WIRES

REPEATED = "it repeats Converse or Chat Completions, whose answers are framed as this API's are"
_FIRST = {"bedrock-converse-stream", "openai-completions"}


def is_repeated(wire) -> bool:
    """Whether a wire is for the extensive tests only."""
    return wire.signed or wire.api not in _FIRST


EACH_WIRE = partly_extensive(WIRES, is_repeated, REPEATED, name=str)
