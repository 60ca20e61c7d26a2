import subprocess
import sys


def test_building_a_request_imports_nothing_heavy():
    program = (
        "import sys, modelwire_openai.plugin, modelwire_openai.responses.request\n"
        "heavy = {'aiohttp', 'msgspec', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
