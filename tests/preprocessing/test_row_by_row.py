"""Transformers for one row at a time: each row is as in the whole table."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

from sklstm import ForwardFill, LagFramer, SeriesScaler
from sklstm._windows import Roles
from sklstm.preprocessing import Differencer
from sklstm.preprocessing._row_by_row import is_by_series, roles_of_windows, row_by_row, series_end

TABLE = pd.DataFrame(np.random.default_rng(0).uniform(1, 9, size=(60, 2)), columns=["a", "b"])
TABLE.iloc[45:48] = np.nan
FITTED, NEW = TABLE[:30], TABLE[30:]


def walk(step, rows, *, warm, label=None):
    """All rows through a step, one after the other."""
    step, shown = row_by_row("Somebody", step), []
    memory = step.begin(label, warm=warm)
    for row in rows.to_numpy():
        values, memory = step.apply(row, memory, label, None, 1)
        shown.append(values)
    return np.array(shown)


@pytest.mark.parametrize(
    "step",
    [
        SeriesScaler("standard"),
        SeriesScaler("minmax", coefficients={"min": {"a": 3.0}, "max": {"a": 5.0}}, out_of_range="clip"),
        MinMaxScaler((0.2, 0.8), clip=True),
        StandardScaler(with_mean=False),
        RobustScaler(with_centering=False),
        MaxAbsScaler(),
        ForwardFill(limit=2),
        ForwardFill(),
        Differencer((1, 3)),
        Differencer(2, log=True, columns=["b"]),
    ],
    ids=str,
)
def test_rows_are_those_of_the_table(step):
    """From nothing, and after the fitted rows."""
    step.fit(FITTED)
    cold = NEW.set_axis(np.arange(-500, -500 + len(NEW)))
    assert_allclose(walk(step, NEW, warm=False), np.asarray(step.transform(cold)), rtol=1e-12)
    assert_allclose(walk(step, NEW, warm=True), np.asarray(step.transform(NEW)), rtol=1e-12)


def test_each_series_has_its_own_scale():
    """The label says which; one that was not fitted has that of all."""
    labels = np.repeat(["x", "y"], 15)
    scaler = SeriesScaler().fit(FITTED.to_numpy(), groups=labels)
    for label in ("x", "y", "new"):
        expected = scaler.transform(NEW.to_numpy(), groups=[label] * len(NEW))
        assert_allclose(walk(scaler, NEW, warm=False, label=label), expected, rtol=1e-12)


def test_roles_are_those_of_windows():
    """With a feature that is added between."""
    table = TABLE[:30].assign(kind=1.0, when=2.0, what=3.0).set_axis(pd.date_range("2024", periods=30, freq="h"))
    framer = LagFramer(3, static=["kind"], future=["what", "when"], horizon=2, elapsed="h").fit(table)
    assert roles_of_windows(framer) == framer.transform(table).roles
    assert roles_of_windows(LagFramer(3).fit(table)) == Roles()


def test_what_is_known_of_series():
    """Where they ended, whether there are several, and that other transformers are others' business."""
    panel = FITTED.assign(who=np.repeat(["x", "y"], 15))
    framer = LagFramer(3, group="who").fit(panel)
    assert_allclose(series_end(framer, "x").context, FITTED[13:15])
    assert series_end(framer, "z") is None
    assert [is_by_series(step) for step in (framer, LagFramer(3).fit(FITTED), StandardScaler())] == [True, False, False]
    assert row_by_row("Somebody", PowerTransformer()) is None
