"""Reads the input of a batch as at its beginning, and both files as when it is continued halfway.

    python benchmarks/batch_reading.py FOLDER RESULT 1000000

RESULT is JSON: CPU seconds of each, the memory of the process at most, and bytes of the files.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from driver import peak_memory
from modelwire.batch.journal import Journal

_CHARACTERS = 400
_ANSWER = {
    "role": "assistant",
    "content": [{"type": "text", "text": "A word or two of an answer. " * 40}],
    "provider": "amazon-bedrock",
    "model": "us.amazon.nova-lite-v1:0",
    "usage": {"input": 100, "output": 300, "totalTokens": 400},
    "stopReason": "stop",
}


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write the rows, and a line with the answer of each second one beside."""
    source, answers = folder / "reading.jsonl", folder / "half.jsonl"
    said = json.dumps(_ANSWER)
    with source.open("w") as asked, answers.open("w") as answered:
        for line in range(1, rows + 1):
            start = f'{{"custom_id": "row-{line}", '
            asked.write(f'{start}"prompt": "{"x" * _CHARACTERS}"}}\n')
            if line % 2:
                answered.write(
                    f'{start}"line": {line}, "message": {said}, "cost": 0.001, "attempts": 1}}\n'
                )
    return source, answers


def seconds_to_open(source: Path, output: Path) -> tuple[float, int]:
    """CPU seconds until the first request could be sent, and how many rows are answered."""
    began = time.process_time()
    journal = Journal.open(source, output)
    took = time.process_time() - began
    answered = journal.answered
    journal.close()
    return took, answered


def main() -> None:
    """Measure."""
    folder, result, rows = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    source, half = write(folder, rows)
    output = folder / "reading.answers.jsonl"
    first, _ = seconds_to_open(source, output)
    half.rename(output)
    again, answered = seconds_to_open(source, output)
    assert answered == (rows + 1) // 2, answered
    said = {
        "rows": rows,
        "first": first,
        "again": again,
        "memory": peak_memory(),
        "input": source.stat().st_size,
        "output": output.stat().st_size,
    }
    result.write_text(json.dumps(said))


if __name__ == "__main__":
    main()
