import numpy as np
import pytest
from sklearn.model_selection import TimeSeriesSplit

from sklstm.cli._rivals import find_rivals
from sklstm.datasets import load_airline


@pytest.fixture(scope="module")
def passengers():
    return load_airline().data.astype(float)


def rivals_of(passengers, **choices):
    usual = {"horizon": 1, "time_steps": [2, 12], "differences": [(None, False)], "season": 12}
    return find_rivals(passengers, "passengers", TimeSeriesSplit(3), **usual | choices)


def test_one_of_each(passengers):
    """The best Ridge, the last season and persistence are scored on every fold."""
    rivals = rivals_of(passengers)
    assert [rival.name for rival in rivals] == ["Ridge", "seasonal naive (12)", "persistence"]
    assert rivals[0].choices == {"n_steps": 12, "difference": None, "log": False}
    assert all(rival.fold_scores.shape == (3,) for rival in rivals)
    differenced = rivals_of(passengers, differences=[(None, False), ((1, 12), True)])[0]
    assert differenced.choices["difference"] == (1, 12)
    assert differenced.fold_scores.mean() < rivals[0].fold_scores.mean()


@pytest.mark.parametrize("season", [None, 100])
def test_no_season_where_folds_are_shorter(passengers, season):
    """A season longer than the shortest fold, or none, leaves seasonal naive out."""
    assert [rival.name for rival in rivals_of(passengers, season=season)] == ["Ridge", "persistence"]


def test_known_ahead(passengers):
    """Ridge sees what is known ahead: where that is the next value itself, it errs less by far."""
    told = passengers.assign(next=passengers["passengers"])
    without, ahead = (rivals_of(told, horizon=2, future=future)[0] for future in (None, ["next"]))
    assert ahead.fold_scores.mean() < 0.01 * without.fold_scores.mean()


def test_persistence_by_hand(passengers):
    """The last value of a training part forecasts the first of the test part."""
    persistence = rivals_of(passengers, horizon=2)[-1]
    values = passengers["passengers"].to_numpy()
    by_fold = []
    for train, test in TimeSeriesSplit(3).split(values):
        missed = [values[t + k] - values[t] for t in range(train[-1], test[-1]) for k in (1, 2) if t + k <= test[-1]]
        by_fold.append(np.sqrt(np.mean(np.square(missed))))
    np.testing.assert_allclose(persistence.fold_scores, by_fold)
