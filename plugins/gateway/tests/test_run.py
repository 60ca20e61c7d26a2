"""`modelwire serve` as a process."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

if sys.platform != "win32":
    import resource


@contextmanager
def serving(home, *arguments, environ=None, before=()):
    """The running command, and the lines that it prints."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), **(environ or {})}
    command = [sys.executable, "-m", "modelwire", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        [*before, *command],
        env=variables,
        cwd=home,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        exports = {}
        while len(exports) < 4:
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.stderr.read())
            name, _, value = line.strip().removeprefix("export ").partition("=")
            exports[name] = value
        yield process, exports
    finally:
        process.kill()
        process.communicate()


def test_it_prints_a_key_and_where_clients_find_it(tmp_path):
    with serving(tmp_path) as (_, exports):
        assert re.fullmatch(r"mw-[\w-]{43}", exports["OPENAI_API_KEY"].strip("'"))
        assert exports["ANTHROPIC_AUTH_TOKEN"] == exports["OPENAI_API_KEY"]
        assert exports["OPENAI_BASE_URL"] == exports["ANTHROPIC_BASE_URL"] + "/v1"
        with urllib.request.urlopen(exports["ANTHROPIC_BASE_URL"] + "/healthz") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(tmp_path, number):
    with serving(tmp_path) as (process, _):
        process.send_signal(number)
        assert process.wait(timeout=30) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads the limits of another process")
def test_it_may_have_as_many_connections_as_the_system_allows(tmp_path):
    before = ["/bin/sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh"]
    with serving(tmp_path, before=before) as (process, _):
        soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        assert soft == hard != 256


def test_what_is_loaded_is_left_out_of_collections():
    program = (
        "import gc, modelwire_gateway.run, modelwire_gateway.operation.process as process\n"
        "process.spare_collections()\n"
        "print(gc.get_freeze_count() > 10 * len(gc.get_objects()), gc.get_threshold()[0] > 700)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


def test_a_key_of_the_environment_is_not_printed(tmp_path):
    with serving(tmp_path, environ={"MODELWIRE_GATEWAY_KEY": "mw-of-mine"}) as (_, exports):
        assert exports["OPENAI_API_KEY"] == '"$MODELWIRE_GATEWAY_KEY"'


@pytest.mark.extensive("it starts gateways as processes")
def test_a_port_in_use_is_reported(tmp_path):
    with serving(tmp_path) as (_, exports):
        port = exports["ANTHROPIC_BASE_URL"].rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "modelwire", "serve", "--port", port],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


def keys(home, *arguments):
    """What `modelwire serve keys` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "modelwire", "serve", "keys", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def status_of(url, key):
    request = urllib.request.Request(f"{url}/v1/models/none", headers={"x-api-key": key})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    error.value.close()
    return error.value.code


@pytest.mark.extensive("it starts gateways as processes")
def test_with_stored_keys_none_is_printed_and_a_revoked_one_is_refused_without_a_restart(
    tmp_path,
):
    first = keys(tmp_path, "create", "--name", "first")
    with serving(tmp_path) as (_, exports):
        url = exports["ANTHROPIC_BASE_URL"]
        assert exports["OPENAI_API_KEY"] == '"$MODELWIRE_GATEWAY_KEY"'
        assert status_of(url, first) == 404
        second = keys(tmp_path, "create", "--name", "second")
        assert status_of(url, second) == 404
        keys(tmp_path, "revoke", first.split("-")[1])
        end = time.monotonic() + 60
        while status_of(url, first) != 401:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert status_of(url, second) == 404


@pytest.mark.extensive("it starts gateways as processes")
@pytest.mark.parametrize(("host", "warns"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_it_warns_where_other_machines_can_call_it(tmp_path, host, warns):
    with serving(tmp_path, "--host", host) as (process, exports):
        assert exports["OPENAI_API_KEY"]  # a key is needed either way
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert ("Warning: other machines can call it" in said) is warns
