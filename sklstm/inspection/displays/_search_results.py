"""What a search has found: its candidates as a table, and what their scores are called."""

import numpy as np
import pandas as pd
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import NotFittedError

from sklstm._parameters import suggest


class _Unset:
    """A parameter that a candidate does not have, where a search is over several grids."""

    def __repr__(self):
        return "not set"


UNSET = _Unset()


def read_candidates(who, search, metric=None):
    """Parameters and scores of the candidates of a search, and which score was read.

    Parameters
    ----------
    who : str
        Who reads them, for messages.
    search : estimator instance
        A fitted search.
    metric : str, optional
        Name of a score; by default the only one, or that of ``refit=``.

    Returns
    -------
    candidates : DataFrame of shape (n_candidates, n_parameters + 2)
        A row for each, numbered as in ``cv_results_``; the columns are the parameters (`UNSET` where a candidate does
        not have one), ``score`` and ``spread``, as scikit-learn computed them. Of a halving search the last round of
        each candidate.
    metric : str
        The score that was read.
    """
    results = _results_of(who, search)
    metric = _find_metric(who, search, results, metric)
    columns = {
        name.removeprefix("param_"): np.ma.filled(np.ma.asarray(values).astype(object), UNSET)
        for name, values in results.items()
        if name.startswith("param_")
    }
    candidates = pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})
    candidates["score"] = np.asarray(results[f"mean_test_{metric}"], dtype=float)
    candidates["spread"] = np.asarray(results[f"std_test_{metric}"], dtype=float)
    return _last_rounds(candidates, results, getattr(search, "resource", None)), metric


def _results_of(who, search):
    results = getattr(search, "cv_results_", None)
    if results is not None:
        return results
    name = type(search).__name__
    if hasattr(search, "fit") and (hasattr(search, "cv") or hasattr(search, "refit")):
        raise NotFittedError(f"{who} needs a fitted search, got {name} that is not fitted. Call its fit first.")
    raise ValueError(
        f"{who} expects a fitted search with cv_results_, such as GridSearchCV or RandomizedSearchCV, got {name}."
    )


def refit_metric(search):
    """The score by which a search chose its best candidate."""
    refit = getattr(search, "refit", True)
    return refit if isinstance(refit, str) else "score"


def _find_metric(who, search, results, metric):
    known = [name.removeprefix("mean_test_") for name in results if name.startswith("mean_test_")]
    if metric is None:
        metric = "score" if "score" in known else refit_metric(search)
        if metric not in known:
            raise ValueError(f"{who} got a search with several scores. Pass metric=, one of: {', '.join(known)}.")
    if metric not in known:
        raise ValueError(
            f"{who} got metric={metric!r}, which the search has not scored.{suggest(str(metric), known)} Its scores "
            f"are: {', '.join(known)}."
        )
    return metric


def find_parameters(who, names, x, y):
    """Full names of the one or two parameters to draw over."""
    if x is None and y is None:
        if len(names) > 2:
            raise ValueError(
                f"{who} needs to know which parameters to draw over: pass x=, and y= for a heat map, of: "
                f"{', '.join(names)}."
            )
        return names[0], (names[1] if len(names) == 2 else None)
    if x is None:
        raise ValueError(f"{who} got y={y!r} and no x. Pass x=, or both.")
    x, y = _find_parameter(who, names, "x", x), None if y is None else _find_parameter(who, names, "y", y)
    if x == y:
        raise ValueError(f"{who} got {x!r} for both x and y. Pass two parameters, or x alone.")
    return x, y


def _find_parameter(who, names, role, name):
    if name in names:
        return name
    matches = [full for full in names if full.endswith(f"__{name}")]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ValueError(
            f"{who} got {role}={name!r}, which several parameters end in: {', '.join(matches)}. Pass one of these."
        )
    short = {full.rpartition("__")[2]: full for full in names}
    raise ValueError(
        f"{who} got {role}={name!r}, which the search was not over.{suggest(str(name), [*names, *short])} Its "
        f"parameters are: {', '.join(names)}."
    )


def describe_score(search, metric):
    """What a score is called, and whether it is an error that was negated."""
    scorer = getattr(search, "scorer_", None)
    scorer = scorer.get(metric) if isinstance(scorer, dict) else scorer
    scoring = getattr(search, "scoring", None)
    if scoring is None:
        return _own_score(search), False
    if (error := getattr(scorer, "error", None)) is not None:
        # That of forecast_scorer.
        function, lower_is_better = error.upper() if isinstance(error, str) else error, True
    else:
        function, lower_is_better = getattr(scorer, "_score_func", scorer), getattr(scorer, "_sign", 1) < 0
    if metric != "score":
        function = metric
    elif isinstance(scoring, str):
        function = scoring
    called = function if isinstance(function, str) else getattr(function, "__name__", type(function).__name__)
    lower_is_better = lower_is_better or called.startswith("neg_")
    return called.removeprefix("neg_").replace("_", " ").strip(), lower_is_better


def _own_score(search):
    """What the score of an estimator is by convention."""
    if is_classifier(search):
        return "accuracy"
    forecasts = hasattr(getattr(search, "estimator", None), "forecast")
    return "R squared" if is_regressor(search) or forecasts else "score"


def _last_rounds(candidates, results, resource):
    """Of a halving search, each candidate's last round; candidates of any other search as they are."""
    if "iter" not in results:
        return candidates
    params = [{name: value for name, value in params.items() if name != resource} for params in results["params"]]
    # Later rounds come later.
    last = pd.Series(list(map(repr, params))).duplicated(keep="last")
    return candidates[~last.to_numpy()]
