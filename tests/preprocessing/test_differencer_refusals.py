"""Errors of Differencer."""

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklstm import Differencer

from .walks import DAYS, WALKS

# --- errors ---------------------------------------------------------------------------------------

FAULTY = {
    "zero": (
        {"lags": 0},
        WALKS,
        snapshot(
            "The 'lags' parameter of Differencer must be an int in the range [1, inf), an instance of 'tuple', an instance "
            "of 'list', an instance of 'numpy.ndarray' or None. Got 0 instead."
        ),
    ),
    "zero among others": (
        {"lags": (1, 0)},
        WALKS,
        snapshot(
            "Differencer expects lags to be whole numbers of at least 1, got (1, 0). Pass one, several, or None for no difference."
        ),
    ),
    "negative": (
        {"lags": [-12]},
        WALKS,
        snapshot(
            "Differencer expects lags to be whole numbers of at least 1, got [-12]. Pass one, several, or None for no difference."
        ),
    ),
    "no whole number": (
        {"lags": (1.5,)},
        WALKS,
        snapshot(
            "Differencer expects lags to be whole numbers of at least 1, got (1.5,). Pass one, several, or None for no difference."
        ),
    ),
    "too short": (
        {"lags": (1, 12)},
        WALKS[:13],
        snapshot(
            "Differencer(lags=(1, 12)) needs at least 14 rows, got X of shape (13, 2). Choose shorter lags or pass a "
            "longer series."
        ),
    ),
    "one row": (
        {"lags": 1},
        [[1.0]],
        snapshot(
            "Differencer(lags=1) needs at least 2 rows, got X of shape (1, 1) (n_samples=1). Choose shorter lags or pass a "
            "longer series."
        ),
    ),
    "short series of a panel": (
        {"lags": 2, "group": "store"},
        pd.DataFrame({"store": list("abab"), "sales": 1.0}),
        snapshot(
            "Differencer(lags=2) needs at least 3 rows, got X of shape (4, 1), whose longest series has 2 rows. Choose "
            "shorter lags or pass a longer series."
        ),
    ),
    "no rows": (
        {},
        np.empty((0, 1)),
        snapshot("Found array with 0 sample(s) (shape=(0, 1)) while a minimum of 1 is required by Differencer."),
    ),
    "logarithm of zero": (
        {"log": True},
        WALKS * np.r_[1, 1, 1, 0, [1] * 36][:, None],
        snapshot(
            "Differencer(log=True) expects values above 0, got 0.0 at row 2026-01-04 00:00:00, column 'sales'. Pass "
            "log=False, leave the column out of columns, or write NaN where nothing was observed."
        ),
    ),
    "logarithm of a negative": (
        {"log": True, "columns": 1},
        [[-1.0, 1.0], [-1.0, -2.0]],
        snapshot(
            "Differencer(log=True) expects values above 0, got -2.0 at row 1, column 1. Pass log=False, leave the column "
            "out of columns, or write NaN where nothing was observed."
        ),
    ),
    "unknown column": (
        {"columns": ["temp", "sale"]},
        WALKS,
        snapshot(
            "Differencer(columns=['temp', 'sale']) names 'sale', which is no feature. Did you mean 'sales'? The features "
            "are: sales, temp."
        ),
    ),
    "column of keys": (
        {"columns": "store", "group": "store"},
        WALKS.assign(store="a"),
        snapshot("Differencer(columns='store') names 'store', which is no feature. The features are: sales, temp."),
    ),
    "position beyond": (
        {"columns": 2},
        WALKS.to_numpy(),
        snapshot("Differencer(columns=2) names 2, which is no feature. The features are: 0, 1."),
    ),
    "no column": (
        {"columns": []},
        WALKS,
        snapshot("Differencer(columns=[]) names no feature. Name those to difference, or pass columns=None for all."),
    ),
    "order": (
        {},
        WALKS[2::-1],
        snapshot(
            "Differencer expects rows in time order, got 2026-01-02 00:00:00 (row 1) after 2026-01-03 00:00:00 (row 0). "
            "Sort them, and y with them: X.sort_index(); and split without shuffling."
        ),
    ),
    "text": (
        {},
        pd.DataFrame({"x": ["wet", "dry"]}),
        snapshot(
            "Differencer expects numbers, got text in column 'x' of X: 'wet' in row 0. Encode the column as numbers, or "
            "drop it."
        ),
    ),
    "unknown group": (
        {"group": "shop"},
        WALKS.assign(shops="a"),
        snapshot(
            "Differencer(group='shop') is neither a column nor a level of the index of X. Did you mean 'shops'? Its "
            "columns are: ['sales', 'temp', 'shops'], its levels: [None]."
        ),
    ),
    "windows": (
        {},
        np.zeros((2, 3, 1)),
        snapshot(
            "Differencer expects a series table of shape (n_rows, n_features), got X of shape (2, 3, 1). Pass the series, "
            "not windows of it, and bring further axes into its features."
        ),
    ),
}


@pytest.mark.parametrize(("params", "X", "message"), FAULTY.values(), ids=FAULTY)
def test_faulty(params, X, message):
    """Invalid parameters and tables raise an error with a remedy."""
    assert refused(Differencer(**params).fit, X) == message


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_other_features(method):
    """Another number of features than in fit raises an error."""
    differencer = Differencer().fit(WALKS.to_numpy())
    assert refused(getattr(differencer, method), np.ones((4, 3))) == snapshot(
        "X has 3 features, but Differencer is expecting 2 features as input."
    )


def test_logarithm_of_new_rows():
    """New values without a logarithm raise an error, as in fit."""
    differencer = Differencer(log=True).fit(WALKS)
    assert refused(differencer.transform, WALKS[:1] * 0) == snapshot(
        "Differencer(log=True) expects values above 0, got 0.0 at row 2026-01-01 00:00:00, column 'sales'. Pass log=False, leave the column out of columns, or write NaN where nothing was observed."
    )


def test_not_fitted():
    """transform, inverse_transform and restore need fit."""
    for call in (Differencer().transform, Differencer().inverse_transform):
        with pytest.raises(NotFittedError, match="This Differencer instance is not fitted yet"):
            call(WALKS)
    with pytest.raises(NotFittedError, match="This Differencer instance is not fitted yet"):
        Differencer().restore([[1]], [[1]])


def test_inverse_of_unknown_rows():
    """inverse_transform refuses rows that neither begin like the fitted ones nor follow them."""
    differencer = Differencer().fit(WALKS[:20])
    after_a_hole = WALKS[20:].drop(DAYS[25])
    # Integers, periods and times with a zone are not those that were fitted.
    other_times = WALKS[:20].reset_index(drop=True), WALKS[:20].to_period(), WALKS[:20].tz_localize("UTC")
    unknown = [WALKS[21:], WALKS[1:20], after_a_hole, *other_times]
    assert [refused(differencer.inverse_transform, rows) for rows in unknown] == snapshot(
        [
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 2026-01-22 00:00:00 on. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 2026-01-02 00:00:00 on. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 2026-01-27 00:00:00 on. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 0 on. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 2026-01-01 on. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 2026-01-01 00:00:00+00:00 on. The values before them are not known: restore(past, differences) takes them.",
        ]
    )


def test_inverse_of_unknown_arrays():
    """inverse_transform refuses an array that begins with NaN but is not as long as the fitted one."""
    series = WALKS["sales"].to_numpy()
    differencer = Differencer().fit(series[:20])
    # Times say nothing where none were fitted, but for holes.
    holed = WALKS["sales"][:20].drop(DAYS[5]).diff().rename(None)
    unknown = [differencer.transform(series[20:39]), holed.set_axis(DAYS[:19]), holed[1:]]
    assert [refused(differencer.inverse_transform, rows) for rows in unknown] == snapshot(
        [
            "Differencer.inverse_transform expects the 20 fitted rows, or rows that follow them, which do not begin with NaN; got 19 that do. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects the 20 fitted rows, or rows that follow them, which do not begin with NaN; got 19 that do. The values before them are not known: restore(past, differences) takes them.",
            "Differencer.inverse_transform expects rows that begin where fitted ones begin, or follow the last of them, got rows from 2026-01-07 00:00:00 on. The values before them are not known: restore(past, differences) takes them.",
        ]
    )


def test_inverse_of_unknown_series():
    """inverse_transform refuses a series that was not fitted, unless there are no lags."""
    table = pd.DataFrame({"store": list("aabb"), "sales": [1.0, 2, 3, 4]}, index=[0, 1, 0, 1])
    differencer = Differencer(group="store").fit(table[:2])
    assert refused(differencer.inverse_transform, table) == snapshot(
        "Differencer.inverse_transform expects series that were fitted, got rows of 'b', which was not. The values before them are not known: restore(past, differences) takes them."
    )
    pd.testing.assert_frame_equal(
        clone(differencer).set_params(lags=None).fit(table[:2]).inverse_transform(table), table
    )


def test_faulty_restore():
    """`restore` refuses forecasts and pasts of other shapes, and pasts that are too short."""
    restore = Differencer((1, 12)).fit(WALKS).restore
    assert refused(restore, np.ones((5, 13)), np.ones(5)) == snapshot(
        "Differencer(lags=(1, 12)).restore expects differences of shape (n_samples, n_steps), got (5,)."
    )
    shapes = (5, 2), (4, 13), (13,), (5, 13, 1)
    assert [refused(restore, np.ones(shape), np.ones((5, 3))) for shape in shapes] == snapshot(
        [
            "Differencer(lags=(1, 12)).restore expects past of shape (5, 13) or longer, got (5, 2). Pass the last 13 values before each of the forecasts, oldest first.",
            "Differencer(lags=(1, 12)).restore expects past of shape (5, 13) or longer, got (4, 13). Pass the last 13 values before each of the forecasts, oldest first.",
            "Differencer(lags=(1, 12)).restore expects past of shape (5, 13) or longer, got (13,). Pass the last 13 values before each of the forecasts, oldest first.",
            "Differencer(lags=(1, 12)).restore expects past of shape (5, 13) or longer, got (5, 13, 1). Pass the last 13 values before each of the forecasts, oldest first.",
        ]
    )
    assert refused(restore, np.ones((5, 13)), np.ones((5, 3)), column="tmep") == snapshot(
        "Differencer(column='tmep') names 'tmep', which is no feature. Did you mean 'temp'? The features are: sales, "
        "temp."
    )
    assert refused(Differencer(log=True).fit(WALKS).restore, [[1.0], [-3.0]], [[1.0], [1.0]]) == snapshot(
        "Differencer(log=True).restore expects a past above 0, got -3.0 in sample 1. Pass it in original units."
    )


def test_faulty_keep():
    """A feature is either differenced or kept, and at least one is differenced."""
    assert refused(Differencer(columns="sales", keep=["sales"]).fit, WALKS) == snapshot(
        "Differencer(columns='sales', keep=['sales']) names a feature in both. Difference it, or keep it."
    )
    assert refused(Differencer(keep=["sales", "temp"]).fit, WALKS) == snapshot(
        "Differencer(keep=['sales', 'temp']) leaves no feature to difference. Keep fewer."
    )
    assert refused(Differencer(keep="holliday").fit, WALKS.assign(holiday=1.0)) == snapshot(
        "Differencer(keep='holliday') names 'holliday', which is no feature. Did you mean 'holiday'? The features are: "
        "sales, temp, holiday."
    )
