"""The guide as it is committed: executed from the top, quiet, and each notebook ends in what it has shown."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def notebook(request):
    """A notebook, as it is in its file."""
    return json.loads(request.param.read_text())


@pytest.fixture
def cells(notebook):
    """The code cells of a notebook."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_all_are_there():
    """Ten notebooks, numbered from 01."""
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{number:02d}_" for number in range(1, 11)]


def test_opens_with_what_one_learns(notebook):
    """A title, and what the reader can do or knows after it."""
    title, _, promise = "".join(notebook["cells"][0]["source"]).partition("\n\n")
    assert title.startswith("# ")
    assert promise.startswith("After this ")


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


def test_pictures_speak_for_themselves(cells):
    """No result is the name of an object, such as <Axes: ...>, above the picture that was meant."""
    results = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "execute_result"]
    for result in results:
        assert not re.match(r"<|\[<|\w*Display\(", "".join(result["data"]["text/plain"]))


def test_nothing_of_the_run_is_kept(notebook):
    """Neither times nor settings of an editor: a run again changes what came out, and nothing else."""
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert [cell["metadata"] for cell in notebook["cells"]] == [{}] * len(notebook["cells"])


def test_links_lead_somewhere(notebook):
    """Each link names a file of the repository and, behind #, one of its headings."""
    prose = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    for link in re.findall(r"\]\(([^)]+)\)", prose):
        name, _, heading = link.partition("#")
        target = FOLDER / name
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), flags=re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in headings]
            assert heading in slugs, link


def test_ends_in_an_assertion(cells):
    """What a notebook claims is asserted at its end."""
    assert "assert " in "".join(cells[-1]["source"])
