"""README and the pages beside it: their Python runs, their commands are those of the gate, their links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
BLOCKS = re.findall(r"```python\n(.*?)```", PAGES[0].read_text(), re.DOTALL)
# Shortened: as written the blocks take a minute, and other tests look at what is learned.
QUICK = [
    (r"epochs=\d+", "epochs=1"),
    (r"(calibration=|n_steps=28)", r"epochs=1, \1"),
    (r"TimeSeriesSplit\(\d", "TimeSeriesSplit(2"),
    (r'"(lstm__units|frame__n_steps)": \[(\d+),.*?\]', r'"\1": [\2]'),
]


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {k}" for k in range(1, len(BLOCKS) + 1)])
def test_python(block, tmp_path, monkeypatch, pipeline):
    """Each Python block runs by itself, given the imports of the first block."""
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
    """Files that a page links to, and scripts that it names, exist."""
    text = page.read_text()
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    named = re.findall(r"`((?:benchmarks|sklstm|notebooks|\.ci)/[\w./]*)`", text)
    assert all((page.parent / link).exists() for link in linked)
    # A module that is to be written is called _name.
    assert all((ROOT / name).exists() for name in named if "_name" not in name)


@pytest.mark.parametrize("job", ["main", "tests"])
def test_commands(job):
    """The gate runs the commands of the README word for word."""
    script = (ROOT / ".ci" / "readme").read_text()
    (command,) = re.findall(rf"^{job}\(\) {{\n    (.+)\n}}$", script, re.MULTILINE)
    assert f"\n    {command}\n" in PAGES[0].read_text()


def test_workflows_call_the_scripts_of_the_gate():
    """Each script that a workflow runs exists, and no workflow has commands of its own."""
    workflows = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    commands = re.findall(r"- run: (.+)", workflows)
    assert commands
    for command in commands:
        assert (ROOT / command.removeprefix("bash ")).is_file(), command


def test_every_benchmark_is_listed():
    """The page of the benchmarks names each script."""
    scripts = {path.name for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    assert scripts <= set(re.findall(r"`(\w+\.py)`", PAGES[2].read_text()))
