"""What the plugin costs before it is used."""

import subprocess
import sys

import pytest

DETECT = """
from modelwire.config import Config
from modelwire_openai.plugin import detect_credentials
config = Config.empty({"GROQ_API_KEY": "k"})
detect_credentials(config.provider("groq"), config, probe=False, timeout=1.0)
"""
HEAVY = ("aiohttp", "asyncio", "msgspec", "genai_prices", "modelwire_openai.client")


def loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import modelwire_openai.plugin",
        DETECT,
    ],
)
def test_importing_and_detecting_need_nothing_heavy(code):
    assert not loaded(code) & set(HEAVY)
