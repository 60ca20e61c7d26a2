"""`modelwire doctor` as users run it: what it finds, and what it says to do."""

import json
import os
import re
import signal
import socket
import ssl
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pexpect
import pytest
import trustme

from modelwire.testing.listener import refusing_port

KEY = "sk-the-secret-key"


@contextmanager
def serving(*, status=200, ahead=timedelta(0), context=None):
    """A service on loopback; its clock is ahead of ours by so much."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(dict(self.headers))
            self.send_response_only(status)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"{'https' if context else 'http'}://localhost:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silence():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def configured(base_url, **provider):
    return {
        "agents": {"defaults": {"model": "actor/found"}},
        "models": {"providers": {"actor": {"baseUrl": base_url, **provider}}},
    }


def examine(program, *arguments, **environ):
    done = program.run("doctor", "--json", *arguments, **{"ACTOR_KEY": KEY, **environ})
    assert KEY.encode() not in done.stdout + done.stderr
    assert done.stderr == b""
    data = json.loads(done.stdout)
    assert data["ok"] is (done.returncode == 0)
    return data["checks"]


def of(checks, name, state=None):
    return [c for c in checks if c["check"] == name and state in (None, c["state"])]


def test_when_all_is_well_it_says_so_and_exits_with_0(program):
    with serving(status=404) as service:
        program.configure(configured(service.url))
        done = program.run("doctor", ACTOR_KEY=KEY)
    assert done.returncode == 0
    assert "All is well." in done.stdout.decode()
    assert f"actor: {service.url} answers" in done.stdout.decode()
    assert "(HTTP 404)" in done.stdout.decode()
    assert done.stderr == b""


def test_the_endpoint_is_asked_once_and_without_credentials(program):
    with serving() as service:
        program.configure(configured(f"{service.url}/v1", headers={"Authorization": "Bearer x"}))
        examine(program)
        assert len(service.asked) == 1
        assert not {name.lower() for name in service.asked[0]} & {"authorization", "x-api-key"}


def test_every_mistake_in_the_configuration_is_a_problem_with_its_line(program):
    program.configure('{\n  models: { mode: "both" },\n  agents: { defaults: { model: 7 } },\n}\n')
    done = program.run("doctor")
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith("problem")]
    assert [line.split("modelwire.json5:")[1][:2] for line in lines] == ["2:", "3:"]
    assert done.returncode == 1
    assert done.stdout.count(b"modelwire config validate") == 1
    assert b"Not checked, because the configuration cannot be used" in done.stdout


@pytest.mark.parametrize("mode", ["merge", "wrong"])
def test_misspelt_keys_are_warnings_with_their_lines(program, mode):
    program.configure(f'{{models: {{mode: "{mode}",\n provider: {{}}}}}}')
    checks = examine(program, "--offline")
    [found] = [each for each in of(checks, "configuration", "warning") if "misspelt" in str(each)]
    assert (
        "modelwire.json5:2: models.provider may be misspelt. Did you mean models.providers?"
        in (found["message"])
    )


def test_variables_that_are_not_set_are_warnings_and_a_problem_where_one_is_needed(program):
    spare = {"baseUrl": "http://localhost:1", "apiKey": "${SPARE_KEY}", "models": ["s"]}
    document = configured("http://localhost:1")
    document["models"]["providers"]["spare"] = spare
    document["env"] = {"UNUSED": "${NOPE}"}
    program.configure(document)
    checks = examine(program, "--offline")
    warnings = of(checks, "configuration", "warning")
    assert [each["details"]["path"] for each in warnings] == [
        "models.providers.spare.apiKey",
        "env.UNUSED",
    ]
    assert "SPARE_KEY" in warnings[0]["message"]
    assert not of(checks, "configuration", "problem")
    document["agents"]["defaults"]["model"] = {"primary": "${MODEL}", "fallbacks": ["actor/m"]}
    document["models"]["providers"] = {"actor": {**spare, "apiKey": "${ACTOR_MISSING}"}}
    program.configure(document)
    problems = [each for each in examine(program, "--offline") if each["state"] == "problem"]
    assert [each["check"] for each in problems] == ["configuration", "credentials"]
    assert 'Missing env var "MODEL"' in problems[0]["message"]
    assert 'Missing env var "ACTOR_MISSING"' in problems[1]["message"]


def test_a_model_of_a_provider_that_no_plugin_has_is_a_problem(program):
    program.configure({"agents": {"defaults": {"model": "actr/found"}}})
    checks = examine(program, "--offline")
    (problem,) = of(checks, "configuration", "problem")
    assert "agents.defaults.model.primary" in problem["message"]
    assert "Did you mean" in problem["hint"]


@pytest.mark.skipif(os.name != "posix", reason="the mode of a file means something on POSIX only")
def test_a_key_in_a_file_that_others_can_read_is_a_warning_that_does_not_show_it(program):
    program.configure(configured("http://localhost:1", apiKey=KEY))
    path = program.folder / "modelwire.json5"
    path.chmod(0o644)
    (warning,) = of(examine(program, "--offline"), "configuration", "warning")
    assert "models.providers.actor.apiKey" in warning["message"]
    assert "chmod 600" in warning["hint"]
    path.chmod(0o600)
    assert not of(examine(program, "--offline"), "configuration", "warning")


def test_a_broken_plugin_is_named_with_its_reason_and_the_others_are_looked_at(program, site):
    site.install("cracked", {"providers": {"cracked": ""}}, "import nothing_of_this_name")
    site.install("odd", {"commands": {"odd": ""}, "setup": {"odder": ""}}, "x = 1")
    problems = of(examine(program), "plugins", "problem")
    assert [p["message"].split()[0] for p in problems] == ["cracked", "`modelwire", "The"]
    assert "nothing_of_this_name" in problems[0]["message"]
    assert "not a click command" in problems[1]["message"]
    assert "not a SetupGuide" in problems[2]["message"]
    assert any("actor 1.0" in c["message"] for c in of(examine(program), "plugins", "ok"))


def test_missing_credentials_are_a_problem_of_the_provider_in_use_only(program):
    program.configure({"agents": {"defaults": {"model": "actor/found"}}})
    checks = examine(program, "--offline", ACTOR_KEY="")
    assert [c["details"]["provider"] for c in of(checks, "credentials")] == ["actor"]
    assert of(checks, "credentials")[0]["state"] == "problem"


def test_a_package_that_a_plugin_needs_and_that_is_not_there_is_a_problem(program, site):
    metadata = site.path / "actor-1.0.dist-info" / "METADATA"
    with metadata.open("a") as file:
        file.write("Requires-Dist: no-such-package>=2\nRequires-Dist: click>=999.1\n")
        file.write('Requires-Dist: nor-this-one; extra == "more"\n')
    problems = of(examine(program), "versions", "problem")
    missing, old = (problem["message"] for problem in problems)
    assert missing == "actor needs no-such-package, which is not installed."
    assert old.startswith("actor needs click 999.1 or newer; ")
    assert problems[0]["hint"] == "Run: pip install --upgrade no-such-package"


@pytest.mark.parametrize(
    ("ahead", "state"), [(0, "ok"), (100, "warning"), (3600, "problem"), (-3600, "problem")]
)
def test_the_clock_is_compared_with_the_service_that_is_reached(program, ahead, state):
    with serving(ahead=timedelta(seconds=ahead)) as service:
        program.configure(configured(service.url))
        (clock,) = of(examine(program), "clock")
    assert clock["state"] == state
    if ahead:
        assert abs(clock["details"]["behindSeconds"] - ahead) < 30
        assert ("behind" in clock["message"]) is (ahead > 0)


def test_a_password_of_a_proxy_is_never_shown(program):
    with serving() as service, serving(status=407) as proxy:
        program.configure(configured(service.url.replace("localhost", "service.invalid")))
        place = proxy.url.removeprefix("http://")
        for name in ("HTTP_PROXY", "http_proxy"):
            done = program.run("doctor", ACTOR_KEY=KEY, **{name: f"http://me:hunter2@{place}"})
            shown = done.stdout.decode()
            assert "hunter2" not in shown + done.stderr.decode()
            assert f"{name}: {proxy.url} with a user name" in shown
            assert f"is reached through {proxy.url}" in shown
            assert "wants a log-in" in shown
            assert done.returncode == 1


def test_what_no_proxy_exempts_is_reached_directly(program):
    with serving() as proxy:
        program.configure(configured("http://service.invalid"))
        environ = {"http_proxy": proxy.url, "NO_PROXY": ".invalid"}
        checks = examine(program, "--offline", **environ)
    assert "http://service.invalid is reached directly" in [
        c["message"] for c in of(checks, "proxies")
    ]


@pytest.mark.parametrize("value", ["socks5://me:hunter2@localhost:1", "http://me:hunter2@:x"])
def test_a_proxy_that_cannot_be_used_is_a_problem(program, value):
    done = program.run("doctor", "--offline", HTTPS_PROXY=value)
    assert done.returncode == 1
    assert b"problem  HTTPS_PROXY" in done.stdout
    assert b"hunter2" not in done.stdout + done.stderr


def test_an_address_where_nothing_listens_is_a_problem_that_names_it(program):
    with refusing_port() as port:
        program.configure(configured(f"http://127.0.0.1:{port}/v1?token=hunter2"))
        (problem,) = of(examine(program), "reachability", "problem")
    assert f"127.0.0.1:{port} cannot be reached" in problem["message"]
    assert problem["details"]["url"] == f"http://127.0.0.1:{port}"


def test_offline_no_request_is_sent(program):
    with serving() as service:
        program.configure(configured(service.url))
        (reached,) = of(examine(program, "--offline"), "reachability")
        assert reached["state"] == "ok"
        assert service.asked == []


def test_a_certificate_of_an_unknown_authority_is_reported_and_its_bundle_helps(program, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(bundle)
    with serving(context=context) as service:
        program.configure(configured(service.url))
        (problem,) = of(examine(program), "reachability", "problem")
        assert "certificate" in problem["message"]
        assert "SSL_CERT_FILE" in problem["hint"]
        checks = examine(program, SSL_CERT_FILE=str(bundle))
        assert not of(checks, "reachability", "problem")
        assert str(bundle) in of(checks, "certificates")[0]["message"]


@pytest.mark.parametrize("damage", ["not there", "no certificate"])
def test_a_bundle_that_cannot_be_used_is_a_problem(program, tmp_path, damage):
    bundle = tmp_path / "bundle.pem"
    if damage == "no certificate":
        bundle.write_text("just words")
    (problem,) = of(
        examine(program, "--offline", SSL_CERT_FILE=str(bundle)), "certificates", "problem"
    )
    assert str(bundle) in problem["message"]
    assert problem["hint"]


def test_a_silent_service_is_given_up_after_the_timeout(program):
    with silence() as url:
        program.configure(configured(url))
        (problem,) = of(examine(program, "--timeout", "0.3"), "reachability", "problem")
    assert problem["details"]["code"] == "timeout"


def test_ctrl_c_ends_it_at_once_although_a_service_is_silent(program):
    with silence() as url:
        program.configure(configured(url))
        process = program.start("doctor", "--timeout", "60", stdout=-1, stderr=-1)
        try:
            for line in process.stdout:
                if line.startswith(b"Configuration"):
                    break
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 130
    assert time.monotonic() - began < 15
    assert b"Traceback" not in errors


def test_damaged_and_kept_lists_are_counted(program):
    with serving() as service:
        program.configure(configured(service.url))
        program.run("models", "list", ACTOR_KEY=KEY)
        folder = program.folder / "cache" / "models"
        (folder / "actor-0000.json").write_text("{cut")
        checks = of(examine(program), "cache")
    assert [c["state"] for c in checks] == ["ok", "warning"]
    assert checks[0]["details"]["lists"] == 1
    assert "actor-0000.json" in checks[1]["message"]


def test_a_cache_that_cannot_be_written_is_a_warning(program):
    (program.folder / "a-file").write_text("")
    place = str(program.folder / "a-file")
    (warning,) = of(examine(program, MODELWIRE_CACHE_DIR=place), "cache", "warning")
    assert "MODELWIRE_CACHE_DIR" in warning["hint"]


def test_on_a_terminal_it_is_coloured_and_fits_but_for_what_is_copied(program):
    program.configure({"agents": {"defaults": {"model": "nobody-provides-this/found"}}})
    child = pexpect.spawn(
        program.command[0],
        ["doctor", "--offline"],
        cwd=program.folder,
        env={**program.environ, "TERM": "xterm-256color"},
        dimensions=(40, 80),
        encoding="utf-8",
        timeout=60,
    )
    shown = child.read()
    child.close()
    assert "\x1b[31mproblem" in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert not [line for line in lines if len(line) > 80 and "/" not in line]
    assert child.exitstatus == 1


def test_without_colour_in_a_pipe(program):
    assert b"\x1b" not in program.run("doctor", "--offline").stdout
