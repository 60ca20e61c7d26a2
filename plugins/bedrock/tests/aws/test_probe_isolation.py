"""Probes read the environment that they are given, and leave that of the process alone."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from modelwire_bedrock.credentials import detect


def keys(name):
    return {
        "AccessKeyId": name,
        "SecretAccessKey": "c2VjcmV0",
        "Token": "dG9rZW4",
        "Expiration": "2999-01-01T00:00:00Z",
    }


def test_a_probe_changes_nothing_in_the_environment_of_the_process(detected, serve):
    during = []

    def answer(_):
        during.append(dict(os.environ))
        return 200, keys("AKIDSERVED")

    server = serve(answer)
    before = dict(os.environ)
    status = detected({"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url}, probe=True)
    assert status.state == "usable"
    assert during == [before]
    assert dict(os.environ) == before


def test_probes_side_by_side_do_not_see_each_others_environment(configure, serve):
    together = Barrier(2)

    def answer(year):
        def wait(_):
            together.wait(30)
            return 200, {**keys("AKIDSERVED"), "Expiration": f"{year}-01-01T00:00:00Z"}

        return wait

    years = [2998, 2999]
    servers = [serve(answer(year)) for year in years]
    configs = [configure({"AWS_CONTAINER_CREDENTIALS_FULL_URI": one.url}) for one in servers]
    with ThreadPoolExecutor(2) as pool:
        probing = [
            pool.submit(detect, config.provider("amazon-bedrock"), config, probe=True, timeout=30)
            for config in configs
        ]
        assert [done.result().details["keysExpire"][:4] for done in probing] == [
            str(year) for year in years
        ]
    assert [len(server.seen) for server in servers] == [1, 1]


def test_where_nothing_points_to_credentials_neither_sdk_nor_network_is_touched():
    program = """
import sys
from modelwire.config import Config
from modelwire_bedrock import plugin
config = Config.empty({"HOME": "/nowhere"})
opened = []
sys.addaudithook(lambda event, _: opened.append(event) if event == "socket.connect" else None)
status = plugin.detect_credentials(config.provider("amazon-bedrock"), config, False, 1.0)
print(status.source, opened, sorted({"boto3", "botocore"} & set(sys.modules)), sep="|")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    source, opened, imported = done.stdout.strip().split("|")
    assert source in ("aws-sdk default chain", "EC2 instance metadata")
    assert (opened, imported) == ("[]", "[]")
