"""Features are found by name, then by position, and what is neither is refused."""

import numpy as np
import pandas as pd
import pytest
from refusal import refused

from sklstm import LagFramer
from sklstm.preprocessing._named_features import find_position, parameter_positions

FRAMER = LagFramer(1).fit(pd.DataFrame({"rain": [1.0], "temp": [2.0], "wind": [3.0]}))


@pytest.mark.parametrize(
    ("feature", "names", "expected"),
    [
        ("b", ["a", "b"], 1),
        (1, ["a", "b"], 1),
        (np.int64(1), ["a", "b"], 1),
        (1, [1, 0], 0),
        (2, ["a", "b"], None),
        (-1, ["a", "b"], None),
        ("c", ["a", "b"], None),
        (0.0, ["a", "b"], None),
    ],
)
def test_name_comes_before_position(feature, names, expected):
    """A label counts before a position, and a position from 0 on, as a plain int."""
    position = find_position(feature, names)
    assert position == expected
    assert type(position) is type(expected)


@pytest.mark.parametrize(("given", "expected"), [("temp", [1]), (2, [2]), (["wind", 0], [2, 0]), ((), [])])
def test_one_or_several(given, expected):
    """A parameter gives one feature, or several, whose order is kept."""
    assert parameter_positions(FRAMER, "static", given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["rain", "tmep"],
            "LagFramer(static=['rain', 'tmep']) names 'tmep', which is no feature. Did you mean 'temp'?",
        ),
        (3, "LagFramer(static=3) names 3, which is no feature."),
    ],
)
def test_no_feature(given, message):
    """What is no feature is refused, with the nearest one and all that there are."""
    assert refused(parameter_positions, FRAMER, "static", given) == f"{message} The features are: rain, temp, wind."
