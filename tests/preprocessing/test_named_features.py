"""Features that a parameter gives by name or position."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import LagFramer

TABLE = pd.DataFrame({"rain": [1.0], "temp": [2.0], "wind": [3.0]})


@pytest.mark.parametrize(
    ("static", "positions"), [(["temp"], [1]), ([2], [2]), ([np.int64(2)], [2]), (["wind", 0], [2, 0]), ((), [])]
)
def test_names_and_positions(static, positions):
    """Features are named, or counted from 0, and keep the order of the parameter."""
    framer = LagFramer(1, static=static).fit(TABLE)
    assert framer.static_ == positions
    assert {type(position) for position in framer.static_} <= {int}


def test_unknown_features():
    """What is no feature is refused with the nearest name and all features."""
    unknown = [["rain", "tmep"], [3], [-1], [0.0]]
    assert [refused(LagFramer(1, static=static).fit, TABLE) for static in unknown] == snapshot(
        [
            "LagFramer(static=['rain', 'tmep']) names 'tmep', which is no feature. Did you mean 'temp'? The features are: rain, temp, wind.",
            "LagFramer(static=[3]) names 3, which is no feature. The features are: rain, temp, wind.",
            "LagFramer(static=[-1]) names -1, which is no feature. The features are: rain, temp, wind.",
            "LagFramer(static=[0.0]) names 0.0, which is no feature. The features are: rain, temp, wind.",
        ]
    )
