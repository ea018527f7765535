"""The guide as it is committed: executed from the top, quiet, and each notebook ends in what it has shown."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def cells(request):
    """The code cells of a notebook."""
    return [cell for cell in json.loads(request.param.read_text())["cells"] if cell["cell_type"] == "code"]


def test_all_are_there():
    """Ten notebooks, numbered from 01."""
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{number:02d}_" for number in range(1, 11)]


def test_executed_from_the_top(cells):
    """Each cell was run once, in its place."""
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))


def test_quiet(cells):
    """No cell failed, warned, or shows a place on the machine that it was run on."""
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
            text = "".join(output.get("text", ())) + "".join(output.get("data", {}).get("text/plain", ()))
            assert not re.search(r"/(home|root|work|tmp|usr)/|object at 0x|Warning", text)


def test_ends_in_an_assertion(cells):
    """What a notebook claims is asserted at its end."""
    assert "assert " in "".join(cells[-1]["source"])
