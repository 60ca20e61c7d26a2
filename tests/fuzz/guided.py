"""Fuzz one target with atheris, which looks for inputs that reach new code.

    python tests/fuzz/guided.py sse -runs=1000000

What follows the target's name goes to libFuzzer. An input that fails is written to a file, to be given
in place of the options.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

with atheris.instrument_imports(
    include=["modelwire", "modelwire_anthropic", "modelwire_bedrock", "modelwire_openai"]
):
    import fuzz_targets


def main() -> None:
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], fuzz_targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
