"""Ctrl-C at every line of `setup` and `chat`: it is never lost, and never ends in a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from long_runs import scaled

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.extensive("it starts a command for each of many points"),
]

STRUCK = Path(__file__).parents[3] / "tests" / "support" / "struck_program.py"

GUIDE = """
    from modelwire.hookspecs import Question, SetupGuide

    GUIDE = SetupGuide(
        "An actor",
        "actor",
        questions=lambda provider, environ: [Question("region", "Where", "north")],
        settings=lambda provider, answers, environ: {
            ("models", "providers", provider, "region"): answers["region"]
        },
        models=("fo*",),
    )
"""


def strikes(program, *arguments, typed="", leaving=False):
    """What comes of the command when it is struck: at some lines, or at all in a long run."""
    program.environ |= {"ACTOR_KEY": "k"}
    task = {
        "arguments": arguments,
        "environ": program.environ,
        "typed": typed,
        "leaving": leaving,
        "points": scaled(16, 0),
    }
    homes = program.folder / "homes"
    homes.mkdir()
    done = subprocess.run(
        [sys.executable, STRUCK, homes],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=scaled(110, None),
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["whole"]["status"] == 0, seen["whole"]["shown"]
    assert seen["lines"] > 300
    assert [one for one in seen["outcomes"] if not one["place"]] == []
    assert [one for one in seen["outcomes"] if "Traceback" in one["shown"]] == []
    assert [one for one in seen["outcomes"] if "Exception ignored" in one["shown"]] == []
    return seen["outcomes"]


def test_ctrl_c_at_any_line_of_the_setup_ends_it(program, site):
    site.install("actor-guide", {"setup": {"actor": "actor_guide_plugin:GUIDE"}}, GUIDE)
    outcomes = strikes(program, "setup", "--provider", "actor", typed="\n\ny\ny\ny\n")
    assert [one for one in outcomes if one["status"] != 130] == []


@pytest.mark.parametrize("plain", [[], ["--plain"]], ids=["markdown", "plain"])
def test_ctrl_c_at_any_line_of_a_chat_stops_the_answer_or_gives_up_the_line_or_ends_it(
    program, plain
):
    outcomes = strikes(program, "chat", "-m", "actor/found", *plain, "hi", leaving=True)
    unanswered = [
        one
        for one in outcomes
        if one["status"] != 130
        and "Stopped." not in one["shown"]
        and "To leave, press Ctrl-D" not in one["shown"]
    ]
    assert [one["place"] for one in unanswered] == [], unanswered[0]["shown"]
