"""Measure modelwire beside its peers, and write docs/performance.md and its charts.

    make bench                              everything, an hour or more
    make bench ARGUMENTS=--quick            a few rounds beside boto3 and aiobotocore, without the
                                            gateway, frameworks, quotas and Ray
    make bench ARGUMENTS="--only events"    one measurement; the page keeps the others

The figures of each measurement are kept in `results.json`, from which the page is written.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
import time
from pathlib import Path

from attrs import asdict

from page import write_page
from processes import Bench, come_first

_HERE = Path(__file__).parent
MEASURES = (
    "events",
    "short_requests",
    "sustained",
    "starts",
    "faults",
    "bedrock_apis",
    "many_streams",
    "first_event",
    "startup",
    "requests",
    "arguments",
    "memory",
    "idle_streams",
    "gateway",
    "frameworks",
    "batch",
    "batch_quota",
    "batch_reading",
    "batch_ray",
)
_LONG = frozenset({"gateway", "frameworks", "batch_quota", "batch_ray"})
"""Measures that a quick run leaves out, unless `--only` names them: they take long."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds; writes no page")
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="NAME")
    parser.add_argument("--write", action="store_true", help="write the page from --quick, too")
    given = parser.parse_args()
    come_first()
    started = time.monotonic()
    kept = _HERE / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), quick=given.quick)
        names = given.only or [each for each in MEASURES if not (given.quick and each in _LONG)]
        for name in names:
            began = time.monotonic()
            measure = importlib.import_module(f"measures.{name}")
            result = measure.measure(bench)
            took = time.monotonic() - began
            print(f"\n## {measure.TITLE} ({took:.0f} s)\n\n{result.tables}\n", flush=True)
            for target in result.targets:
                sign = "met   " if target.is_met else "MISSED"
                print(f"{sign} {target.what}: {target.figure:.{target.digits}f} <= {target.limit}")
            results[name] = {
                "title": measure.TITLE,
                "date": time.strftime("%Y-%m-%d"),
                "versions": dict(sorted(bench.versions.items())),
                **asdict(result),
            }
            results = {name: results[name] for name in MEASURES if name in results}
            if given.write or not given.quick:
                kept.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
                write_page(results)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    print(f"\nMeasured in {minutes} min {seconds} s.")


if __name__ == "__main__":
    main()
