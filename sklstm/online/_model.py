"""A fitted model, split where its windows begin: what takes rows, and what takes windows."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sklstm._windows import Roles
from sklstm.estimators._sample_by_sample import predicts_sample_by_sample
from sklstm.forecasting._row_by_row import Forecasts
from sklstm.online._known_ahead import KnownAhead
from sklstm.online._network import (
    NetworkServer,
    StepsServer,
    check_carries,
    keeps_windows,
    refuse_state,
    steps_for_time_steps,
)
from sklstm.online._rows import WHO, RowReader, TransformedRow, is_row_wise, row_step
from sklstm.preprocessing import LagFramer, SequencePadder, SeriesScaler, To3D
from sklstm.preprocessing._row_by_row import SCALERS, is_by_series, roles_of_windows


@dataclass
class Model:
    """What OnlinePredictor needs of a fitted model, copied.

    Attributes
    ----------
    reader : RowReader
        Reads what comes in.
    steps : list
        What each row goes through.
    framer : LagFramer or None
        What says which rows a window holds.
    n_rows : int
        Rows that a window spans.
    n_features : int
        Features of a time step.
    names : list of str or None
        Their names, for messages.
    roles : Roles
        What they mean.
    masks : bool
        Whether a time step is observed in all features or in none.
    panel : bool
        Whether rows have to tell their series.
    server : NetworkServer or StepsServer
        What predicts.
    forecasts : Forecasts or None
        What a SeriesForecaster makes of that.
    known_ahead : KnownAhead or None
        Features whose next values have to be told.
    """

    reader: RowReader
    steps: list
    framer: Any
    n_rows: int
    n_features: int
    names: list | None
    roles: Roles
    masks: bool
    panel: bool
    server: Any
    forecasts: Forecasts | None
    known_ahead: KnownAhead | None

    @property
    def always_known(self):
        """Features that are known where nothing was observed, too."""
        return [*self.roles.static, *(() if self.known_ahead is None else self.known_ahead.features)]

    def column(self, k):
        """Name of a feature of a time step, for messages."""
        return repr(self.names[k]) if self.names is not None and k < len(self.names) else str(k)


def read_model(fitted, mode, warm, n_steps, lookback):
    """Split a fitted model.

    Parameters
    ----------
    fitted, mode, warm, n_steps, lookback
        As for OnlinePredictor.

    Returns
    -------
    model : Model
    """
    forecasts = Forecasts(WHO, fitted) if hasattr(fitted, "pipeline_") else None
    *steps, (_, final) = _flat_steps(fitted.pipeline_ if forecasts else fitted)
    steps = [(name, deepcopy(step)) for name, step in steps]
    before, framer, after = _split(steps, _is_network(final))
    keyed = [step for _, step in before] + [framer]
    group, time = (_first(getattr(step, name, None) for step in keyed) for name in ("group", "time"))
    panel = any(is_by_series(step) for step in keyed)
    if warm and framer is None:
        raise ValueError(
            f"{WHO}(warm=True) goes on from the rows that a LagFramer has kept, and {type(fitted).__name__} has none. "
            "Pass warm=False, and feed it the last rows first."
        )
    if framer is None and not _is_network(final):
        # Rows are samples: nothing looks back.
        row_steps, after = [row_step(*step, lookback, group, time) for step in before], before + after
        if any(step.looks_back for step in row_steps):
            _refuse_no_windows(final)
        before, row_steps, length, n_features, names = [], [], 1, None, None
    else:
        row_steps = [row_step(*step, lookback, group, time) for step in before]
        # A state needs no windows.
        length = 1 if mode == "state" and framer is None else _find_n_steps(n_steps, framer, after, final)
        n_features, names = _framed(framer, final, [step for _, step in after])
    inside = [step for _, step in before] or ([framer] if framer is not None else [step for _, step in after])
    reader = _reader((inside or [final])[0], n_features, (group, time), row_steps, framer)
    flat = framer.flatten if framer is not None else n_features is None
    roles = Roles() if framer is None else roles_of_windows(framer)
    known_ahead = None
    if roles.future:
        if mode == "state":
            refuse_state(f"what LagFramer(future={framer.future!r}) joins changes where nothing was observed, too")
        known_ahead = KnownAhead(framer, reader, row_steps, 0 if forecasts is None else forecasts.n_repeated)
    row_names = reader.names if framer is None else None
    return Model(
        reader=reader,
        steps=row_steps,
        framer=framer,
        n_rows=length if framer is None else framer.rows_back + 1,
        n_features=reader.n_features if n_features is None else n_features,
        names=reader.names if n_features is None else names,
        roles=roles,
        masks=not flat,
        panel=panel,
        server=_server(mode, after, final, framer, roles, panel, length, row_names, flat),
        forecasts=forecasts,
        known_ahead=known_ahead,
    )


# --- steps ----------------------------------------------------------------------------------------


def _flat_steps(fitted):
    """Steps of a Pipeline, and of Pipelines in it, that do something."""
    if not isinstance(fitted, Pipeline):
        return [(type(fitted).__name__.lower(), fitted)]
    return [
        inner if isinstance(step, Pipeline) else (name, step)
        for name, step in fitted.steps
        if not (step is None or isinstance(step, str))
        for inner in (_flat_steps(step) if isinstance(step, Pipeline) else [None])
    ]


def _is_network(estimator):
    return hasattr(estimator, "network_")


def _split(steps, is_network):
    """Steps before the windows, the LagFramer or None, and steps after it."""
    for cut, (_, step) in enumerate(steps):
        if isinstance(step, LagFramer):
            return steps[:cut], step, steps[cut + 1 :]
    # Rows are time steps up to what takes samples.
    cuts = [k for k, (_, step) in enumerate(steps) if isinstance(step, (SequencePadder, To3D))] if is_network else []
    cut = cuts[0] if cuts else len(steps)
    return steps[:cut], None, steps[cut:]


def _first(values):
    return next((value for value in values if value is not None), None)


def _refuse_no_windows(final):
    raise ValueError(
        f"{WHO} got a model without a LagFramer, whose {type(final).__name__} takes rows by themselves, but with a "
        "step that looks at the rows before them. Put LagFramer(n_steps=1, flatten=True) before the estimator."
    )


# --- windows --------------------------------------------------------------------------------------


def _find_n_steps(given, framer, after, final):
    """Time steps of a window: as the steps say, or as is given."""
    if framer is not None:
        known = framer.n_steps
    else:
        known = _first(getattr(step, "max_len_", None) for _, step in after)
        known = known or _first(getattr(step, "shape_", (None,))[0] for _, step in after)
        known = known or getattr(final, "linear_steps_", None)
    if known is None and given is None:
        raise ValueError(
            f"{WHO} cannot tell from {type(final).__name__} how many time steps its windows have. Pass n_steps=, or a "
            "Pipeline with a LagFramer."
        )
    if None not in (known, given) and known != given:
        raise ValueError(
            f"{WHO}(n_steps={given}) got a model whose windows have {known} time steps. Leave n_steps out."
        )
    return known or given


def _framed(framer, final, after):
    """Number and names of the features of a time step."""
    if framer is not None:
        names = getattr(framer, "feature_names_in_", None)
        n_ahead = framer.horizon * len(framer.known_ahead_)
        n_features = framer.n_features_in_ + (framer.elapsed is not None) + n_ahead
        return n_features, None if names is None else list(names)
    n_features = final.model_.input_shape[-1]
    if len(final.model_.input_shape) != 3:
        raise ValueError(
            f"{WHO} feeds {type(final).__name__} windows of rows, but it was fitted on samples of another shape. Fit "
            "it on X of shape (n_samples, n_timesteps, n_features)."
        )
    shaped = any(isinstance(step, To3D) for step in after)
    if n_features != final.n_features_in_ and not shaped:
        raise ValueError(
            f"{WHO} takes rows for time steps, but {type(final).__name__} was fitted on a table of "
            f"{final.n_features_in_} columns. Fit it on X of shape (n_samples, n_timesteps, n_features), or behind a "
            "LagFramer."
        )
    return n_features, None


def _reader(first, n_features, keys, row_steps, framer):
    """What reads the rows that the first step takes."""
    numeric = not row_steps and (framer is not None or not _takes_text(first))
    if isinstance(first, To3D) or _is_network(first):
        return RowReader(None, n_features, *keys, numeric=numeric)
    names, n_first = getattr(first, "feature_names_in_", None), first.n_features_in_
    if row_steps and not isinstance(row_steps[0], TransformedRow):
        numeric = True
    elif names is not None:
        # Other transformers have been given the keys as features.
        names = [name for name in names if name not in keys]
        n_first = len(names)
    return RowReader(None if names is None else list(names), int(n_first), *keys, numeric=numeric)


def _takes_text(step):
    return is_row_wise(step) and not isinstance(step, (SeriesScaler, *SCALERS))


# --- what predicts --------------------------------------------------------------------------------


def _server(mode, after, final, framer, roles, panel, n_steps, names, flat):
    """What predicts: the network alone, where no step after the framing changes windows."""
    if mode == "state":
        check_carries(final, framer)
        return NetworkServer(final, roles, panel, steps=steps_for_time_steps(after))
    if getattr(final, "stateful", False):
        raise ValueError(
            f"{WHO}(mode='window') begins each window anew, but {type(final).__name__}(stateful=True) carries a state "
            "from row to row. Pass mode='state', or set_params(stateful=False)."
        )
    after = [step for _, step in after]
    dilation = 1 if framer is None else framer.dilation
    if not flat:
        after = [step for step in after if not keeps_windows(step, n_steps)]
    if not after and not flat and predicts_sample_by_sample(final):
        return NetworkServer(final, roles, panel, dilation=dilation)
    if framer is not None and flat and hasattr(framer, "feature_names_in_"):
        names = list(framer.get_feature_names_out())
    return StepsServer(after, deepcopy(final), roles, panel, names=names, flat=flat, dilation=dilation)


def observed_in_part(missing, always_known):
    """Whether some features of a time step are missing, where all or none may be; or one that is always known.

    >>> observed_in_part(np.array([True, False]), always_known=[])
    True
    >>> observed_in_part(np.array([True, False]), always_known=[1])
    False
    """
    usual = np.delete(missing, always_known) if always_known else missing
    return bool((usual.any() and not usual.all()) or missing[always_known].any())
