"""check_no_leakage: whether a Pipeline, its data and its splitter keep the future out of the past."""

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import _num_samples

from sklstm._own_past import target_names
from sklstm._warnings import ColdStartWarning, without
from sklstm.inspection.leakage._in_data import find_reach, find_scaled_before, find_target_in_features
from sklstm.inspection.leakage._in_folds import chosen, find_leaks_in_folds, make_folds
from sklstm.inspection.leakage._in_statistics import find_statistics_of_all, find_target_scalers
from sklstm.inspection.leakage._in_steps import Passage, find_lookahead, find_scaled_lags, rows_around
from sklstm.inspection.leakage._leak import describe, one_leak_each
from sklstm.inspection.leakage._pipeline_steps import fit_transformers, unroll
from sklstm.inspection.leakage._series_rows import read_rows
from sklstm.preprocessing import LagFramer, make_supervised

WHO = "check_no_leakage"
FEWEST_ROWS = 12


class LeakageError(ValueError):
    """A prediction sees what it cannot know: `check_no_leakage` says where.

    Parameters
    ----------
    leaks : list of Leak
        What was found.

    Attributes
    ----------
    leaks : list of Leak
        Named tuples of ``step``, ``column``, ``kind`` and ``explanation``.

    See Also
    --------
    check_no_leakage : Raises it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm.inspection import LeakageError, check_no_leakage
    >>> from sklearn.linear_model import Ridge
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> try:
    ...     check_no_leakage(Ridge(), X, 3 * X[:, 1])
    ... except LeakageError as error:
    ...     print([(leak.step, leak.column, leak.kind) for leak in error.leaks])
    [('X', 'x1', 'target')]
    """

    # Where users import it from, and what a traceback shows.
    __module__ = "sklstm.inspection"

    def __init__(self, leaks):
        self.leaks = list(leaks)
        super().__init__(
            f"{WHO} expects each prediction to use its own past and training rows alone, got "
            f"{len(self.leaks)} leak{'s' if len(self.leaks) > 1 else ''}:\n{describe(self.leaks)}"
        )

    def __reduce__(self):
        return type(self), (self.leaks,)


def check_no_leakage(
    pipeline: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike | None = None,
    cv: BaseCrossValidator | int | Iterable | None = None,
) -> None:
    """Raise where something of the future, or of the test rows, reaches a prediction, and say where.

    Transformers are cloned and fitted on the training rows of up to three folds. Then the rows after a point in time
    are replaced by others, and what comes out for the rows before it has to stay; what is known of statistics must not
    be that of all rows; y must not be among the features; and the folds have to follow time. The final estimator is not
    fitted.

    Parameters
    ----------
    pipeline : Pipeline, estimator, search or SeriesForecaster
        Fitted or not; it stays as it is. Of a search the estimator and, unless given, the `cv`.
    X : DataFrame, Series or ndarray of shape (n_rows, n_features)
        Series table, rows in time order; those of several series may be mixed, where a step names its `group`. For a
        SeriesForecaster the series.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
        What is forecast at each row. A SeriesForecaster derives it from the series.
    cv : splitter, int or iterable of tuple (train, test), optional
        How the pipeline is going to be validated. By default three folds cut by time, with the gap that y asks for.

    Raises
    ------
    LeakageError
        If anything leaks: a ValueError whose message has a line for each leak, and whose ``leaks`` lists them.
    ValueError
        If X, y or cv do not fit each other, or the pipeline cannot be fitted on them.

    See Also
    --------
    PanelTimeSeriesSplit : Folds that follow time in a panel.

    Notes
    -----
    What is found, by ``kind``:

    - "look-ahead": a step whose rows depend on later ones (a centred mean, bfill, a mean of what transform was given).
      Features that ``LagFramer(future=...)`` names may be read ahead.
    - "statistics": a step or a target scaler that came fitted on all rows, or holds statistics of them.
    - "scaled before": a column of X that has a scale exactly over all rows, and not over the training rows.
    - "scaled lags": a scaler after the framing, which treats each lag of a feature by itself.
    - "target": a column that tells y of its row or of a later one, and is not the past of y.
    - "order", "gap": training rows after test rows; training targets that lie among the test rows.

    Where it cannot tell it says nothing: it is no proof that nothing leaks. It does not see what was done to X with
    knowledge of the future (outliers removed, features chosen by all rows), nor what the final estimator was fitted on
    before.

    References
    ----------
    Kaufman, Rosset, Perlich and Stitelman, 2012, "Leakage in Data Mining: Formulation, Detection, and Avoidance", ACM
    Transactions on Knowledge Discovery from Data 6(4).

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import KFold
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LagFramer, SeriesScaler
    >>> from sklstm.datasets import load_airline
    >>> from sklstm.inspection import check_no_leakage
    >>> X, y = load_airline(return_X_y=True)
    >>> pipe = make_pipeline(SeriesScaler(), LagFramer(n_steps=12, flatten=True), Ridge())
    >>> check_no_leakage(pipe, X, y)

    >>> check_no_leakage(pipe, (X - X.mean()) / X.std(), y, cv=KFold(5))
    Traceback (most recent call last):
        ...
    sklstm.inspection.LeakageError: check_no_leakage expects each prediction to use its own past and training
    rows alone, got 2 leaks:
    - cv: in fold 0 training rows come after test rows: row 1960-11-01 is trained on, and row 1949-01-01 tested. Split
    by time: TimeSeriesSplit.
    - X, column 'passengers': it has mean 0 and standard deviation 1 over all rows, test rows included, and not over the
    training rows: it was scaled before the Pipeline. Pass it as it was measured, and put SeriesScaler into the
    Pipeline.
    """
    with warnings.catch_warnings():
        # What steps say of values that are made up here is not meant for the user.
        warnings.simplefilter("ignore")
        # Cut and shuffled rows are how leaks are found.
        with without(ColdStartWarning):
            leaks = _find_leaks(pipeline, X, y, cv)
    if leaks:
        raise LeakageError(leaks)


def _find_leaks(model, X, y, cv):
    model, cv = _unwrap_search(model, cv)
    if _is_forecaster(model):
        return _find_leaks_of_forecaster(model, X, y, cv)
    for method in ("fit", "predict"):
        if not hasattr(model, method):
            raise ValueError(
                f"{WHO} expects a Pipeline that ends in an estimator with fit and predict, got "
                f"{type(model).__name__} without {method}. Pass the whole Pipeline that you would cross-validate."
            )
    if y is None:
        raise ValueError(
            f"{WHO} needs y, what {type(model).__name__} forecasts at each row of X. Pass it, make_supervised derives "
            "it from a series; or pass a SeriesForecaster and the series."
        )
    rows = _read(model, X, cv)
    if _num_samples(y) != len(rows.table):
        raise ValueError(
            f"{WHO} got {len(rows.table)} rows in X and {_num_samples(y)} in y. Pass a target for each row."
        )
    outputs = _read_outputs(y)
    exempt = _known_ahead(model, rows)
    in_data = find_target_in_features(rows, outputs, set(exempt))
    framed = any(isinstance(step, LagFramer) for _, step in unroll(model).transformers)
    names = target_names(y) or [None] * outputs.shape[1]
    reach = find_reach(rows, outputs, names, {leak.column for leak in in_data}, framed=framed)
    folds = make_folds(WHO, cv, rows, y, reach)
    leaks = find_leaks_in_folds(folds, rows, reach) + in_data
    leaks += _find_leaks_in_fits(model, rows, y, chosen(folds), exempt)
    leaks += find_target_scalers(unroll(model).target_scalers, outputs, np.sort(folds[0][0]), _name_of(y))
    return one_leak_each(leaks)


def _find_leaks_of_forecaster(forecaster, series, y, cv):
    """The same for a series alone: y is what follows each row, and a fold's y comes of its own training rows."""
    if y is not None:
        raise ValueError(f"{WHO} got y beside a {type(forecaster).__name__}, which derives it. Pass the series alone.")
    model = forecaster.build_pipeline()
    named = {name: getattr(forecaster, name, None) for name in ("group", "time")}
    rows = _read(model, series, cv, named)
    X, y = make_supervised(series, forecaster.horizon, forecaster.target, **named)
    outputs, exempt = _read_outputs(y), _known_ahead(model, rows)
    folds = make_folds(WHO, cv, rows, None, None)
    leaks = find_leaks_in_folds(folds, rows, None)
    leaks += find_target_in_features(read_rows(WHO, X, rows.keys), outputs, set(exempt))
    leaks += _find_leaks_in_fits(model, rows, None, chosen(folds), exempt)
    scalers = unroll(model).target_scalers
    # Positions in the series, of which X lacks the last rows.
    training = np.sort(folds[0][0][folds[0][0] < len(outputs)])
    return one_leak_each(leaks + find_target_scalers(scalers, outputs, training, _name_of(y)))


def _find_leaks_in_fits(model, rows, y, folds, exempt):
    """Leaks in the transformers, fitted in each fold, and in the scale of X."""
    transformers = unroll(model).transformers
    trainings = [np.sort(train) for train, _ in folds]
    known = {rows.names[k] for k in exempt}
    leaks = find_scaled_before(rows, trainings, set(exempt))
    columns = [k for k in rows.features if k not in exempt]
    always = any(getattr(step, "context", None) == "always" for _, step in transformers)
    if not transformers:
        return leaks
    y, refused, anew = None if y is None else np.asarray(y), [], True
    for train, test in folds:
        train = np.sort(train)
        try:
            fitted = fit_transformers(transformers, rows.take(train), None if y is None else y[train])
            named = [(name, step) for (name, _), step in zip(transformers, fitted, strict=True)]
            # Steps that take all rows for such as follow the fitted ones get those that do.
            around = rows_around(rows, test[:0] if always else train, test)
            leaks += find_lookahead(named, rows, around, train, columns)
            leaks += find_scaled_lags(Passage(named, rows.take(around), rows.names), rows.following(around))
            if anew:
                leaks += find_statistics_of_all(Passage(named, rows.X, rows.names), train, y, known)
                anew = False
        except ValueError as error:
            # A fold may be too short for a step.
            refused.append(error)
    if len(refused) == len(folds):
        raise refused[0]
    return leaks


# --- what comes in --------------------------------------------------------------------------------


def _unwrap_search(model, cv):
    """What a search tunes, and how it validates."""
    if hasattr(model, "estimator") and hasattr(model, "cv") and hasattr(model, "refit"):
        return model.estimator, cv if cv is not None else (5 if model.cv is None else model.cv)
    return model, cv


def _is_forecaster(model):
    return hasattr(model, "build_pipeline") and hasattr(model, "horizon")


def _read(model, X, cv, named=None):
    """SeriesRows of X; group and time as the forecaster, a step or the splitter names them."""
    keys = {}
    for role in ("group", "time"):
        keys[role] = (named or {}).get(role) or _first_named(model, role) or getattr(cv, role, None)
    rows = read_rows(WHO, X, keys)
    if len(rows.table) < FEWEST_ROWS:
        raise ValueError(
            f"{WHO} needs at least {FEWEST_ROWS} rows, got X of shape {np.shape(X)}. Pass a longer series: fewer rows "
            "leave no folds to look at."
        )
    return rows


def _first_named(model, role):
    """What the first step that has such a parameter calls the group or the time."""
    params = model.get_params(deep=True) if hasattr(model, "get_params") else {}
    given = [value for name, value in params.items() if name.rpartition("__")[2] == role and value is not None]
    return given[0] if given else None


def _known_ahead(model, rows):
    """Columns of X that a framer knows ahead, or that do not change: they may be read before their time."""
    framers = [step for _, step in unroll(model).transformers if isinstance(step, LagFramer)]
    known = [feature for framer in framers for feature in [*(framer.future or ()), *(framer.static or ())]]
    columns = {name: k for k, name in enumerate(rows.names)}
    return [columns[name] if name in columns else rows.features[name] for name in known if _is_column(name, rows)]


def _is_column(name, rows):
    return name in rows.names or (isinstance(name, (int, np.integer)) and 0 <= name < len(rows.features))


def _read_outputs(y):
    """Y of shape (n_rows, n_outputs), float; labels by their number."""
    values = np.asarray(y)
    values = values.reshape(len(values), -1)
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return np.stack([pd.factorize(column, sort=True)[0] for column in values.T], axis=1).astype(np.float64)


def _name_of(y):
    """What y is called."""
    if isinstance(y, pd.Series):
        return "y" if y.name is None else y.name
    return y.columns[0] if isinstance(y, pd.DataFrame) else "y"
