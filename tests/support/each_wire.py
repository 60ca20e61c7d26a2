"""The wires of `wires.py` as values of a parameter."""

from operator import attrgetter

from extensive_tests import partly_extensive
from wires import WIRES

REPEATED = "it repeats an API that is tested without Bedrock's signature"
EACH_WIRE = partly_extensive(WIRES, attrgetter("signed"), REPEATED, name=str)
