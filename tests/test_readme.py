"""The README: its Python runs as it stands, and what it points to is there."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
BLOCKS = re.findall(r"```python\n(.*?)```", PAGES[0].read_text(), re.DOTALL)
# As written they take a minute; what is learned is tested elsewhere.
QUICK = [
    (r"epochs=\d+", "epochs=1"),
    (r"(calibration=|n_steps=28)", r"epochs=1, \1"),
    (r"TimeSeriesSplit\(\d", "TimeSeriesSplit(2"),
    (r'"(lstm__units|frame__n_steps)": \[(\d+),.*?\]', r'"\1": [\2]'),
]


@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {k}" for k in range(1, len(BLOCKS) + 1)])
def test_python(block, tmp_path, monkeypatch, pipeline):
    """Each block runs by itself, with the imports of its own lines and of the first block."""
    for written, quick in QUICK:
        block = re.sub(written, quick, block)
    days = pd.date_range("2026-01-01", periods=60)
    stores = pd.DataFrame({"store": np.repeat(["A", "B"], 60), "date": [*days, *days], "sales": np.arange(120.0)})
    stores[:60].to_csv(tmp_path / "sales.csv", index=False)
    monkeypatch.chdir(tmp_path)
    given = {"stores": stores, "pipe": clone(pipeline)}
    exec("".join(re.findall(r"^from .*\n", BLOCKS[0], re.MULTILINE)), given)
    exec(block, given)
    assert "search" not in given or given["search"].best_score_ > -np.inf


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links(page):
    """Files that a page links to, and scripts that it names, are there."""
    text = page.read_text()
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    named = re.findall(r"`((?:benchmarks|sklstm|notebooks|\.ci)/[\w./]*)`", text)
    assert all((page.parent / link).exists() for link in linked)
    # A module that is to be written is called _name.
    assert all((ROOT / name).exists() for name in named if "_name" not in name)


def test_every_benchmark_is_listed():
    """The page of the benchmarks names each script."""
    scripts = {path.name for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    assert scripts <= set(re.findall(r"`(\w+\.py)`", PAGES[2].read_text()))
