"""The example of the guide and of the README runs."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[3]
MARK = "<!-- not run: it needs Ray; the tests of modelwire-ray run it -->"
BLOCK = re.compile(re.escape(MARK) + r"\n+```python\n(.*?)```", re.DOTALL)


def test_the_example_runs(cluster, emulator, tmp_path):
    pages = (ROOT / "integrations/ray/README.md", ROOT / "docs/integrations/ray.md")
    readme, guide = (BLOCK.findall(page.read_text(encoding="utf-8")) for page in pages)
    assert len(guide) == 1
    assert readme == guide

    articles = [{"article": f"article {n}"} for n in range(20)]
    (tmp_path / "articles.jsonl").write_text("\n".join(map(json.dumps, articles)))
    # Its paths are read in processes that work in another folder.
    code = guide[0].replace('"articles.jsonl"', repr(str(tmp_path / "articles.jsonl")))
    exec(code.replace('"summaries"', repr(str(tmp_path / "summaries"))), {})
    table = pq.read_table(tmp_path / "summaries").sort_by("article").to_pylist()
    assert [row["article"] for row in table] == sorted(row["article"] for row in articles)
    assert all(row["summary"].endswith(f": {row['article']}") for row in table)
