from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from inline_snapshot import snapshot
from refusal import refused

from sklstm import datasets


@pytest.mark.parametrize(
    ("load", "shape", "first", "last", "freq"),
    [
        (datasets.load_airline, (144, 1), "1949-01", "1960-12", "MS"),
        (datasets.load_sunspots, (309, 1), "1700-01", "2008-01", "YS-JAN"),
        (datasets.load_seattle_weather, (1461, 4), "2012-01-01", "2015-12-31", "D"),
    ],
)
def test_series(load, shape, first, last, freq):
    """A loaded series is a table of numbers on a regular time index, with a description."""
    bunch = load()
    assert bunch.data.shape == shape
    assert (bunch.data.index[0], bunch.data.index[-1]) == (pd.Timestamp(first), pd.Timestamp(last))
    assert bunch.data.index.freqstr == freq
    assert bunch.data.notna().all(axis=None)
    assert "Source:" in bunch.DESCR
    assert "icence" in bunch.DESCR or "ublic domain" in bunch.DESCR
    X, y = load(return_X_y=True)
    assert X.equals(bunch.data[:-1])
    assert y.to_numpy().tolist() == bunch.data[bunch.target_name].tolist()[1:]


def test_known_values():
    """The first and the last values are those of the sources."""
    assert datasets.load_airline().data["passengers"].iloc[[0, 1, -1]].tolist() == [112, 118, 432]
    assert datasets.load_sunspots().data["sunspots"].iloc[[0, -1]].tolist() == [5.0, 2.9]
    weather = datasets.load_seattle_weather()
    assert weather.data.iloc[0].tolist() == [0.0, 12.8, 5.0, 4.7]
    assert weather.weather.iloc[0] == "drizzle"
    assert weather.weather.index.equals(weather.data.index)


def test_japanese_vowels():
    """The published split, lengths 7 to 29, twelve channels, nine speakers."""
    train, test, both = (datasets.load_japanese_vowels(split=split) for split in ("train", "test", None))
    assert (len(train.data), len(test.data), len(both.data)) == (270, 370, 640)
    assert {len(sequence) for sequence in both.data} == set(range(7, 30)) & {len(s) for s in both.data}
    assert (min(map(len, both.data)), max(map(len, both.data))) == (7, 29)
    assert {sequence.shape[1] for sequence in both.data} == {12}
    assert np.unique(train.target, return_counts=True)[1].tolist() == [30] * 9
    assert list(both.target_names) == [str(k) for k in range(1, 10)]
    np.testing.assert_allclose(train.data[0][:2, 0], [1.860936, 1.891651])
    assert test.target[0] == "1"


def test_unknown_split():
    """An unknown split raises an error."""
    assert refused(datasets.load_japanese_vowels, split="valid") == snapshot(
        "load_japanese_vowels expects split to be 'train', 'test' or None, got 'valid'."
    )


def test_every_file_names_its_source():
    """data/README.md has a row for each file that is shipped."""
    folder = files("sklstm.datasets") / "data"
    told = (folder / "README.md").read_text()
    shipped = [file.name for file in folder.iterdir() if file.name != "README.md"]
    assert shipped
    assert all(f"`{name}`" in told for name in shipped)
