"""Reading this code costs no SDK and no HTTP library."""

import json
import subprocess
import sys

HEAVY = ["boto3", "botocore", "aiohttp", "asyncio"]
CODE = """
import json, sys
import modelwire_bedrock.converse.completion
print(json.dumps([name for name in {heavy} if name in sys.modules]))
"""


def test_the_path_of_an_answer_imports_nothing_heavy_before_it_is_used():
    code = CODE.format(heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == []
