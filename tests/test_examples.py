"""The examples of the documentation run."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.extensive("the embedded model answers on the processor")

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def test_a_local_model_answers_boto3_behind_the_wire_of_bedrock():
    command = [
        sys.executable,
        EXAMPLES / "bedrock_on_this_machine.py",
        "What is the capital of France?",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
