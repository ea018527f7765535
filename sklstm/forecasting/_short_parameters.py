"""Short parameters of SeriesForecaster: they hold while it has no pipeline."""

import inspect
from difflib import get_close_matches

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklstm.forecasting._make_forecast_pipeline import make_forecast_pipeline
from sklstm.forecasting._shared_parameters import share_parameters, share_target

NAMES = (
    "static",
    "future",
    "n_steps",
    "scaling",
    "difference",
    "log",
    "units",
    "window_scaler",
    "quantiles",
    "epochs",
    "batch_size",
    "n_members",
    "random_state",
)
# Chosen on the series.
AUTOMATIC = {"n_steps": "auto", "log": "auto"}
# Names and defaults.
SHORT_PARAMETERS = {
    name: inspect.signature(make_forecast_pipeline).parameters[name].default for name in NAMES
} | AUTOMATIC
ONLY_IN_PIPELINE = tuple(inspect.signature(make_forecast_pipeline).parameters.keys() - set(NAMES))
OF_OTHER_STEPS = {
    "difference__lags": "difference",
    "difference__log": "log",
    "scale__method": "scaling",
    "frame__n_steps": "n_steps",
    "frame__static": "static",
    "frame__future": "future",
    "frame__horizon": "horizon",
    "frame__freq": "freq",
    **{f"{step}__{key}": key for step in ("difference", "scale", "frame") for key in ("group", "time")},
}
# Parameter of the forecaster that does the same as one of a step. Names for `lstm` are those of the forecaster.
SAME_PARAMETER = OF_OTHER_STEPS | {
    f"lstm__{name}": name for name in SHORT_PARAMETERS if name not in OF_OTHER_STEPS.values()
}


class ShortParameters:
    """Mixin of SeriesForecaster: its short parameters, and the steps that they stand for."""

    pipeline: Pipeline | None
    target: str | int | None
    _elsewhere = {
        name: f"a pipeline: SeriesForecaster(make_forecast_pipeline({name}=...))" for name in ONLY_IN_PIPELINE
    }

    def build_pipeline(self, setting=None) -> Pipeline:
        """Return the Pipeline that `fit` will fit, not fitted.

        Its steps have the parameters that the forecaster passes to them: `group`, `time`, `freq`, `horizon`,
        `strategy` and `target`. With ``target=None``, only `fit` knows which column a Differencer is for; and only
        `fit` chooses what is "auto", so that look-back and logarithm are the defaults of `make_forecast_pipeline`.

        Parameters
        ----------
        setting : Setting, optional
            What `fit` chose for the short parameters that are "auto".

        Returns
        -------
        pipeline : Pipeline
            A copy of `pipeline`, or the result of `make_forecast_pipeline` for the short parameters.

        Raises
        ------
        ValueError
            If there is a pipeline and a short parameter is not at its default, or a step contradicts the forecaster.
        """
        if self.pipeline is None:
            pipeline = make_forecast_pipeline(**self._pipeline_parameters(setting))
        else:
            self._refuse_short_parameters()
            pipeline = clone(self.pipeline)
        if isinstance(self.target, str):
            share_target(pipeline, self.target)
        shared = ("group", "time", "freq", "horizon", "strategy")
        return share_parameters(pipeline, **{name: getattr(self, name) for name in shared})

    def _pipeline_parameters(self, setting):
        """Parameters of `make_forecast_pipeline`."""
        given = {name: getattr(self, name) for name in SHORT_PARAMETERS}
        if setting is None:
            return {name: value for name, value in given.items() if name not in AUTOMATIC or value != "auto"}
        return given | setting._asdict()

    def set_params(self, **params):
        """Set parameters of the forecaster, and those of the steps of its pipeline as ``pipeline__frame__n_steps``.

        A call that is refused changes nothing.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : SeriesForecaster
            The forecaster itself.

        Raises
        ------
        ValueError
            If a name is unknown, or one of a step is set while ``pipeline=None``.
        """
        pipeline = params.get("pipeline", self.pipeline)
        nested = {name: value for name, value in params.items() if name.startswith("pipeline__")}
        if nested and pipeline is None:
            self._refuse_nested(*next(iter(nested.items())))
        if nested:
            # Pipeline.set_params sets one step after the other: a copy shows whether the last one is refused.
            copies = {name: clone(value) if hasattr(value, "get_params") else value for name, value in nested.items()}
            clone(pipeline).set_params(**{name.removeprefix("pipeline__"): value for name, value in copies.items()})
        return super().set_params(**params)

    def _changed_short_parameters(self):
        """Short parameters that are not at their defaults."""
        values = {name: getattr(self, name) for name in SHORT_PARAMETERS}
        return {name: value for name, value in values.items() if not np.array_equal(value, SHORT_PARAMETERS[name])}

    def _refuse_short_parameters(self):
        """Raise if a short parameter is not at its default."""
        for name, value in self._changed_short_parameters().items():
            nested = {f"pipeline__{inside}" for inside, short in SAME_PARAMETER.items() if short == name}
            known = nested & self.get_params().keys()
            remedy = known.pop() if len(known) == 1 else "the parameter of the step"
            raise ValueError(
                f"SeriesForecaster got a pipeline and {name}={value!r}, which only applies with pipeline=None. "
                f"Set {remedy} instead, or leave out the pipeline."
            )

    def _refuse_nested(self, name, value):
        """Raise: there is no pipeline with a step whose parameter could be set."""
        inside = name.removeprefix("pipeline__")
        if inside in SAME_PARAMETER:
            remedy = f"Set {SAME_PARAMETER[inside]}={value!r}, which does the same."
        else:
            short = ", ".join(f"{name}={value!r}" for name, value in self._changed_short_parameters().items())
            instead = " in place of these parameters" if short else ""
            pipeline = f"pipeline=make_forecast_pipeline({short}){instead}"
            remedy = f"{_nearest(inside)}Pass {pipeline} to set parameters of its steps."
        raise ValueError(f"SeriesForecaster(pipeline=None) has no step in which to set {name}={value!r}. {remedy}")


def _nearest(inside):
    """A question that offers the parameter nearest to a mistyped one of a step; nothing if it is a parameter."""
    if inside in make_forecast_pipeline(difference=1).get_params():
        return ""
    same = {other.rpartition("__")[2]: name for other, name in SAME_PARAMETER.items()}
    nearest = get_close_matches(inside.rpartition("__")[2], same, n=1)
    return f"Did you mean {same[nearest[0]]!r}? " if nearest else ""
