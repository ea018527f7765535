"""Windows that go on by forecasts."""

import numpy as np
import pandas as pd
import pytest

from sklstm import LagFramer, SeriesScaler, Windows
from sklstm.forecasting._recursion import FramedSamples, learn_recursion

SERIES = pd.DataFrame({"y": np.random.default_rng(0).normal(size=20).cumsum()})


@pytest.mark.parametrize("flatten", [False, True])
def test_windows_go_on_as_if_observed(flatten):
    """Windows that are moved on by the true values are those of later rows."""
    scaler, framer = SeriesScaler(), LagFramer(4, flatten=flatten)
    samples = FramedSamples(framer.fit_transform(scaler.fit_transform(SERIES)))
    labels = np.full(20, None)
    recursion = learn_recursion(samples, SERIES["y"].to_numpy(), labels, framer)
    rows = np.arange(3, 15)
    truth = np.column_stack([SERIES["y"].shift(-k)[rows] for k in (1, 2)])
    moved = recursion.go_on(samples.gather(rows), truth, labels[rows], np.empty((len(rows), 2, 1)))
    np.testing.assert_allclose(moved, samples.gather(rows + 2), rtol=1e-10)
    again = samples.like(moved, rows)
    np.testing.assert_allclose(np.asarray(again), np.asarray(samples.take(rows + 2)), rtol=1e-10)
    assert type(again) is type(samples.take(rows))


def test_series_that_are_scaled_by_themselves():
    """Each series has its own line; one that was not seen goes by that of all."""
    table = pd.concat([SERIES.assign(of="a"), (100 * SERIES + 7).assign(of="b")], ignore_index=True)
    scaler, framer = SeriesScaler(group="of"), LagFramer(3, group="of")
    samples = FramedSamples(framer.fit_transform(scaler.fit_transform(table)))
    assert isinstance(samples.samples, Windows)
    recursion = learn_recursion(samples, table["y"].to_numpy(), table["of"].to_numpy(), framer)
    slopes, _ = recursion.line(["a", "b", "c"])
    assert slopes[0] == pytest.approx(100 * slopes[1])
    assert np.isfinite(slopes[2])


def test_more_than_one_feature_that_changes():
    """What else would have to be known leaves no way on; a bent scale neither."""
    framer = LagFramer(2)
    two = FramedSamples(framer.fit_transform(SERIES.assign(z=1.0)))
    assert learn_recursion(two, SERIES["y"].to_numpy(), np.full(20, None), framer) is None
    bent = FramedSamples(framer.fit_transform(np.exp(SERIES)))
    assert learn_recursion(bent, SERIES["y"].to_numpy(), np.full(20, None), framer) is None


def test_a_constant_series():
    """A series that never moved goes on as it is."""
    framer = LagFramer(2)
    flat = FramedSamples(framer.fit_transform(SERIES * 0 + 3))
    recursion = learn_recursion(flat, np.full(20, 5.0), np.full(20, None), framer)
    assert recursion.lines == {None: (1.0, -2.0)}


def test_views_stay_views():
    """Samples that follow one another are not copied, and those with holes between are windows of the same rows."""
    framed = LagFramer(3).fit_transform(SERIES)
    samples = FramedSamples(framed)
    assert np.shares_memory(samples.take(np.arange(2, 9)), framed)
    apart = samples.take(np.array([2, 5, 9]))
    assert isinstance(apart, Windows)
    np.testing.assert_array_equal(np.asarray(apart), framed[[2, 5, 9]])
