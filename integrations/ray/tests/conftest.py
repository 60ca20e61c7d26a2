"""A cluster of Ray on this machine, the Bedrock emulator, and datasets that are answered by it."""

import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
import ray

from modelwire_bedrock.emulator import Emulator
from modelwire_ray import Ask

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"

MARK = "MODELWIRE_TEST_CLUSTER"
"""The variable by which the processes of a cluster are found."""

CLUSTER = {
    "num_cpus": 3,  # one each for a checkpoint and for reading or writing, the rest for actors
    "include_dashboard": False,
    "object_store_memory": 100_000_000,
    "logging_level": "error",
    "log_to_driver": False,
    "_node_ip_address": "127.0.0.1",
}
"""Arguments of `ray.init` for a small cluster that nothing outside of this machine reaches."""


@pytest.fixture(scope="session")
def cluster_folder():
    """The folder of the cluster; the paths of its sockets are limited, so it is not a long one."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    yield folder
    if not wait_until(lambda: not processes(folder), seconds=10):
        # An actor of Ray's own checkpoints does not always notice that the cluster has ended.
        for process in processes(folder):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    assert wait_until(lambda: not processes(folder)), "processes of Ray are left"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def service():
    """An emulator, which everything that is started here calls."""
    with pytest.MonkeyPatch.context() as patch, Emulator() as emulator:
        for name, value in emulator.environ().items():
            patch.setenv(name, value)
        yield emulator


@pytest.fixture
def emulator(service):
    service.reset()
    return service


@pytest.fixture(scope="session")
def cluster(service, cluster_folder):
    """A cluster whose actors call the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, str(cluster_folder))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # else other programs come before its workers
        patch.chdir(cluster_folder)
        ray.init(**CLUSTER, _temp_dir=str(cluster_folder))
        ray.data.DataContext.get_current().enable_progress_bars = False
        try:
            yield
        finally:
            ray.shutdown()


@pytest.fixture
def ask(cluster, emulator):
    """Map a dataset with `Ask` in one actor."""

    def mapped(dataset, *, actors=1, batch_size=16, batch_format="pyarrow", **arguments):
        return dataset.map_batches(
            Ask,
            fn_constructor_kwargs={"model": SONNET, "config": {}, **arguments},
            batch_size=batch_size,
            batch_format=batch_format,
            compute=ray.data.ActorPoolStrategy(size=actors),
            num_cpus=0.2,
        )

    return mapped


@pytest.fixture
def asked(emulator):
    """The texts that the emulator was asked."""

    def texts():
        return [request.body["messages"][-1]["content"][0]["text"] for request in emulator.requests]

    return texts


def words(*names):
    """A dataset with an id and a word in each row."""
    rows = [{"id": n, "word": name} for n, name in enumerate(names)]
    return ray.data.from_items(rows, override_num_blocks=min(2, len(rows)))


def wait_until(condition, seconds=30):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def processes(folder):
    """The processes of a cluster; Ray changes their command lines, but not their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended
            if f"{MARK}={folder}".encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
    return found
