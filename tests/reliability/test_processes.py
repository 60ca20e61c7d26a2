"""The cache and the configuration under many processes, and on disks that fail.

Never a half-written file, never an older value over a newer one, never a traceback.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from extensive_tests import partly_extensive
from long_runs import scaled

from modelwire.catalog.cache import DiscoveryCache
from modelwire.models import Model

pytestmark = pytest.mark.timeout(240)

SUPPORT = Path(__file__).parents[1] / "support"
MODELWIRE = Path(sys.executable).with_name("modelwire")


def python(source, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", source, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        **options,
    )


def command(home, *arguments, file=None, **options):
    """Run the installed program in a home of its own, or with a configuration file."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    if file is not None:
        environ["MODELWIRE_CONFIG"] = str(file)
    return subprocess.run(
        [MODELWIRE, *arguments], env=environ, cwd="/", capture_output=True, text=True, **options
    )


KINDS = {"config": "11", "cache": "3", "history": "1", "recording": "3", "session": "5"}
"""What is written, and at each how many lines the writer is killed."""


@pytest.mark.parametrize(
    "kind",
    partly_extensive(
        KINDS, lambda kind: kind != "config", "it starts a writer for each of many lines"
    ),
)
def test_a_writer_that_is_killed_at_any_line_leaves_a_whole_file_and_no_other(kind, tmp_path):
    step = scaled(KINDS[kind], "1")
    done = subprocess.run(
        [sys.executable, SUPPORT / "killed_writers.py", kind, tmp_path, step],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    killed, left = map(int, done.stdout.split())
    assert killed > 15
    assert left == 0


WRITE_CACHE = """
import random, sys
from pathlib import Path
from modelwire.catalog.cache import DiscoveryCache
from modelwire.models import Model

cache = DiscoveryCache(Path(sys.argv[1]))
times = list(range(int(sys.argv[2]), 200, 4))
random.Random(sys.argv[2]).shuffle(times)
for time in times:
    cache.write("acme", [Model("acme", "m", name=str(time))], float(time))
    found = cache.read("acme")
    assert found.fetched_at >= time, "an old list took the place of a newer one"
    assert found.models[0].name == str(int(found.fetched_at)), "two lists were mixed"
"""


def test_writers_side_by_side_never_put_an_older_list_over_a_newer_one(tmp_path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_CACHE, tmp_path, str(number)], stderr=subprocess.PIPE
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.communicate(timeout=100)[1] == b""
        assert writer.returncode == 0
    assert DiscoveryCache(tmp_path).read("acme").fetched_at == 199


# A limit on the size of a file acts as a full disk does: a write fails when some of it is done. Python
# would take half a file of bytecode for a whole one, the next time.
SMALL_DISK = """
import resource, signal, sys
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["modelwire", *sys.argv[2:]]
from modelwire.cli.app import main
main()
"""


@pytest.mark.parametrize("room", [0, 10, 200])
def test_a_full_disk_leaves_the_old_configuration_and_says_why(tmp_path, room):
    file = tmp_path / "modelwire.json5"
    before = "// mine\n{ models: { mode: 'merge' } }\n"
    file.write_text(before)
    value = "x" * 300
    done = python(
        *(SMALL_DISK, room, "config", "set", "models.providers.a.apiKey", value),
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MODELWIRE_CONFIG": str(file)},
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert "Traceback" not in done.stderr
    assert str(file) in done.stderr
    assert file.read_text() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        ".modelwire.json5.lock",
        "modelwire.json5",
    ]


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path):
    done = python(
        """
import resource, signal, sys
sys.dont_write_bytecode = True
from pathlib import Path
from modelwire.catalog.cache import DiscoveryCache
from modelwire.models import Model

cache = DiscoveryCache(Path(sys.argv[1]))
cache.write("acme", [Model("acme", "old")], 1.0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
cache.write("acme", [Model("acme", f"new-{number}") for number in range(100)], 2.0)
print(cache.read("acme").models[0].id)
""",
        tmp_path,
    )
    assert (done.stdout, done.stderr) == ("old\n", "")
    assert {entry.name for entry in tmp_path.iterdir()} == {".acme.json.lock", "acme.json"}


@pytest.mark.parametrize(
    "home",
    partly_extensive(
        ["/proc", "/dev/null", "/dev/null/nowhere"], "/proc".__ne__, "it starts four commands"
    ),
)
def test_a_home_that_cannot_be_written_stops_no_command_that_reads(home):
    """Not even root can write to these."""
    for arguments in (["models", "list"], ["models", "status"], ["plugins", "list"]):
        done = command(home, *arguments)
        assert "Traceback" not in done.stderr, (arguments, done.stderr)
        assert done.returncode == 0, (arguments, done.stderr)
    done = command(home, "config", "set", "models.mode", "merge")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\x00" * 100,
        b"{",
        b"\xff\xfe{}",
        b"[]",
        b'{"format": 3}',
        b"[" * 100_000,
        b'{"format": 3, "models": [{"id": 5}], "fetchedAt": "x"}',
    ],
)
def test_a_damaged_cache_is_an_empty_one_and_is_mended_by_the_next_list(tmp_path, damage):
    cache = DiscoveryCache(tmp_path)
    (tmp_path / "acme.json").write_bytes(damage)
    assert cache.read("acme") is None
    cache.write("acme", [Model("acme", "m")], 1.0)
    assert DiscoveryCache(tmp_path).read("acme").models[0].id == "m"


@pytest.mark.parametrize(
    "damage", [b"{", b"\xff\xfe\x00{}", b"[" * 5000, b"\x00", b"null", b'"a"', b"{a:1,,}"]
)
def test_a_damaged_configuration_is_named_and_stays_as_it_is(tmp_path, damage):
    file = tmp_path / "modelwire.json5"
    file.write_bytes(damage)
    for arguments in (["models", "list"], ["config", "set", "models.mode", "merge"]):
        done = command(tmp_path, *arguments, file=file)
        assert done.returncode == 1, (arguments, done)
        assert "Traceback" not in done.stderr
        assert str(file) in done.stderr or "the document is" in done.stderr
    assert file.read_bytes() == damage


SET_ALIAS = """
import sys
from modelwire.config.edit import edit_config
from modelwire.document.edit import set_value

for number in range(8):
    name = f"acme/{sys.argv[2]}-{number}"
    edit_config(
        lambda text: set_value(text, ("agents", "defaults", "models", name), {}), sys.argv[1], environ={}
    )
"""


@pytest.mark.extensive("it starts many processes")
def test_writers_of_the_configuration_side_by_side_lose_nothing(tmp_path):
    file = tmp_path / "modelwire.json5"
    file.write_text("{ /* mine */ }\n")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", SET_ALIAS, file, name], stderr=subprocess.PIPE, text=True
        )
        for name in "abc"
    ]
    for writer in writers:
        assert writer.communicate(timeout=100)[1] == ""
    read = command(tmp_path, "config", "get", "agents.defaults.models", "--json", file=file)
    assert len(json.loads(read.stdout)) == 24
    assert "/* mine */" in file.read_text()
