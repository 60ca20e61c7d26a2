"""Measures rows through Ray Data beside rows through a plain runtime, against one server.

    python benchmarks/serve.py burst --events 5 &
    python integrations/ray/tests/measure_rows.py http://127.0.0.1:PORT --rows 10000

Seconds are of the rows, without the start of the cluster. CPU seconds are of all processes that
answer them, without the server; they do not depend on what else the machine does.
"""

import argparse
import asyncio
import json
import os
import resource
import tempfile
import threading
import time
from pathlib import Path

import ray

from modelwire import Runtime
from modelwire_ray import Ask

MODEL = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


async def plain(source, out, in_flight):
    """Ask all rows in this process, and write their answers."""
    free = asyncio.Semaphore(in_flight)

    async def answer(row):
        async with free:
            message = await runtime.complete(row["prompt"], model=MODEL, max_tokens=100)
        used = {"input": message.usage.input, "output": message.usage.output}
        file.write(json.dumps({**row, "answer": message.text, "usage": used}) + "\n")

    with source.open() as lines, out.open("w") as file:
        async with Runtime.from_config({}) as runtime, asyncio.TaskGroup() as rows:
            for line in lines:
                rows.create_task(answer(json.loads(line)))


def on_ray(source, out, in_flight, actors):
    """Ask all rows in actors, and write their answers."""
    arguments = {"model": MODEL, "config": {}, "max_tokens": 100, "in_flight": in_flight}
    ray.data.read_json(str(source)).map_batches(
        Ask,
        fn_constructor_kwargs=arguments,
        batch_format="pyarrow",
        batch_size=max(in_flight // 2, 1),
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=0.4,
    ).write_json(str(out))


def processor_seconds(folder):
    """The CPU seconds of the processes of a cluster that run, by process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ = (entry / "environ").read_bytes()
            if (
                b"MODELWIRE_MEASURED=" + bytes(folder) in environ
                or bytes(folder) in (entry / "cmdline").read_bytes()
            ):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                ticks = int(fields[11]) + int(fields[12])
                found[entry.name] = ticks / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return found


def timed(name, rows, run, used):
    """Run, and print what it took."""
    before, start = used(), time.monotonic()
    run()
    seconds, cpu = time.monotonic() - start, used() - before
    print(f"{name:12} {seconds:6.1f} s  {rows / seconds:6.0f} rows/s  {cpu:6.1f} s CPU", flush=True)


def own_seconds():
    """The CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    """Measure a plain runtime, one actor and two actors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="of a server that answers as Converse does")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=64, help="of each process that asks")
    parser.add_argument("--actors", type=int, nargs="*", default=[1, 2])
    chosen = parser.parse_args()
    os.environ |= {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": chosen.address,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
    }
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        source = place / "rows.jsonl"
        lines = (json.dumps({"id": n, "prompt": f"Say {n}."}) for n in range(chosen.rows))
        source.write_text("\n".join(lines))
        timed(
            "plain",
            chosen.rows,
            lambda: asyncio.run(plain(source, place / "plain.jsonl", chosen.in_flight)),
            own_seconds,
        )
        os.environ["MODELWIRE_MEASURED"] = folder  # marks the processes of the cluster
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=200_000_000,
            logging_level="error",
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
        seen, done = {}, threading.Event()

        def watch():  # else nothing is known of processes that have ended
            while not done.wait(1):
                seen.update(processor_seconds(place))
                seen["this thread"] = -time.thread_time()

        def cluster_seconds():
            return own_seconds() + sum(seen.values())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for actors in chosen.actors:
                out = place / f"out-{actors}"
                timed(
                    f"{actors} actors",
                    chosen.rows,
                    lambda: on_ray(source, out, chosen.in_flight, actors),  # noqa: B023
                    cluster_seconds,
                )
                answered = ray.data.read_json(str(out)).count()
                assert answered == chosen.rows, answered
        finally:
            done.set()
            watcher.join()
            ray.shutdown()


if __name__ == "__main__":
    main()
