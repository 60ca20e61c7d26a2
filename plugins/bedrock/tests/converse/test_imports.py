from __future__ import annotations

import subprocess
import sys


def test_building_a_request_imports_nothing_heavy():
    program = (
        "import sys, modelwire_bedrock.converse.request, modelwire_bedrock.models.families\n"
        "heavy = {'boto3', 'botocore', 'aiohttp', 'msgspec', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
