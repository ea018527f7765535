"""Names of columns that tell time steps: ``passengers(t-1)`` is a lag, ``spend_3`` the third of a row of spends."""

import re

LAG_COLUMN = re.compile(r"(?P<feature>.+)\(t(?P<lag>[+-]\d+)?\)")
# A feature (with a letter in it, and no sign at its end), a separator or none, and a number.
NUMBERED_COLUMN = re.compile(
    r"(?=.*[^\W\d_])(?P<feature>.*?[^\s_.+-])(?P<separator>[_ .]+|(?<!\d))(?P<number>\d+)", re.DOTALL
)
# The number of sales_lag_2 counts back in time.
LAG_WORD = re.compile(r"(.*[\W\d_])?lags?", re.IGNORECASE | re.DOTALL)
MOST_NAMED = 5


def lag_name(name, lag):
    """Name of a feature at a lag: ``passengers(t-2)``, ``passengers(t)``, ``passengers(t+1)``."""
    return f"{name}(t{lag:+d})" if lag else f"{name}(t)"


def read_lag_columns(who, names):
    """Order of columns that are named like lags, and their features; None where they are not.

    >>> read_lag_columns("To3D", ["A(t)", "A(t-1)"])
    ([1, 0], ['A'])
    >>> read_lag_columns("To3D", ["A", "B"])
    """
    parsed = [LAG_COLUMN.fullmatch(name) for name in names]
    if not parsed or not all(parsed):
        return None
    columns = {(match["feature"], int(match["lag"] or 0)): k for k, match in enumerate(parsed)}
    features = list(dict.fromkeys(feature for feature, _ in columns))
    lags = sorted({lag for _, lag in columns})
    absent = [lag_name(feature, lag) for lag in lags for feature in features if (feature, lag) not in columns]
    if absent:
        raise ValueError(
            f"{who} expects every feature at every lag, got lag columns without {', '.join(absent)}. "
            "Add the columns, or drop the lags that some features lack."
        )
    return [columns[feature, lag] for lag in lags for feature in features], features


def read_numbered_columns(who, names):
    """Order of columns that are named like ``spend_1, bonus_1, spend_2, bonus_2``, and their features; else None.

    Time steps ascend by number. The columns of a single feature are left alone: sensor_1 to sensor_8 may as well be
    eight features. So are those that number lags, ``spend_lag_1``, which count the other way.

    >>> read_numbered_columns("To3D", ["spend_1", "spend_2", "bonus_2", "bonus_1"])
    ([0, 3, 1, 2], ['spend', 'bonus'])
    >>> read_numbered_columns("To3D", ["sensor_1", "sensor_2"])
    """
    parsed = [NUMBERED_COLUMN.fullmatch(name) for name in names]
    if not parsed or not all(parsed) or any(LAG_WORD.fullmatch(match["feature"]) for match in parsed):
        return None
    cells = {}
    for match in parsed:
        twin = cells.setdefault((match["feature"], int(match["number"])), match)
        if twin is not match:
            raise ValueError(
                f"{who} got the columns {twin[0]!r} and {match[0]!r}, which both are {match['feature']!r} at time step "
                f"{int(match['number'])}. Drop one of them, or rename it."
            )
    features, steps = list(dict.fromkeys(feature for feature, _ in cells)), sorted({step for _, step in cells})
    absent = [(feature, step) for step in steps for feature in features if (feature, step) not in cells]
    # Where most are absent the numbers are no time steps: pm10, no2, o3.
    if len(features) < 2 or len(steps) < 2 or len(absent) >= len(cells):
        return None
    if absent:
        _refuse_absent(who, parsed, absent)
    positions = {cell: k for k, cell in enumerate(cells)}
    return [positions[feature, step] for step in steps for feature in features], features


def _refuse_absent(who, parsed, absent):
    """Raise because columns are missing, which are called as the others are."""
    stems = {match["feature"]: match["feature"] + match["separator"] for match in reversed(parsed)}
    numbers = {int(match["number"]): match["number"] for match in reversed(parsed)}
    called = ", ".join(repr(stems[feature] + numbers[step]) for feature, step in absent[:MOST_NAMED])
    more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
    raise ValueError(
        f"{who} takes columns such as {parsed[0][0]!r} for features at numbered time steps, and finds no {called}"
        f"{more}. Add what is missing (NaN where nothing was observed), or drop the time steps that some features "
        f"lack. If the columns are something else: {who}(n_steps=1) for features at one time step, "
        f"{who}(n_features=...) for time step after time step."
    )


def columns_without_number(names):
    """Columns that alone keep the others from being features at numbered time steps; none where they do not.

    >>> columns_without_number(["age", "spend_1", "bonus_1", "spend_2", "bonus_2"])
    ['age']
    >>> columns_without_number(["age", "height", "sensor_1"])
    []
    """
    numbered = [name for name in names if NUMBERED_COLUMN.fullmatch(name)]
    try:
        tell = read_numbered_columns("", numbered) is not None
    except ValueError:
        return []
    return [name for name in names if name not in numbered] if tell else []
