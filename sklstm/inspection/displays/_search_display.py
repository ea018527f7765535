"""SearchDisplay: the scores of a search over one or two of its parameters."""

from numbers import Real
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from sklstm.inspection.displays._axes import COLOURS, QUIET, finish, import_pyplot, make_panels
from sklstm.inspection.displays._search_results import (
    UNSET,
    describe_score,
    find_parameters,
    read_candidates,
    refit_metric,
)

# More cells than these are drawn as points: their numbers would be too small to read.
MOST_VALUES = 14
LONGEST_LABEL = 28


class SearchDisplay:
    """Mean test scores of a search over one or two parameters, the best candidate marked.

    Use `from_estimator` to make one. Two parameters make a heat map, or points where so many values were drawn that
    cells would be too small; one makes a line, with the spread over the folds. Of the candidates that differ in other
    parameters only the best one is shown, and the title says so. Errors, which scikit-learn negates, are shown as they
    are: the lower the better.

    Parameters
    ----------
    candidates : DataFrame of shape (n_candidates, n_parameters + 2)
        Parameters of each candidate, and its ``score`` and ``spread``: mean and standard deviation over the folds.
    x : str
        The parameter below.
    y : str, optional
        The parameter at the side.
    score_name : str, default="score"
        What the score is called.
    lower_is_better : bool, default=False
        Whether it is an error.
    best : int, optional
        Row of `candidates` that is marked; by default that of the best score.

    Attributes
    ----------
    scores_ : DataFrame of shape (n_y, n_x) or (1, n_x)
        What is shown: the best score for each pair of values; NaN where there is none.
    image_ : AxesImage, PathCollection or None
        The heat map, or the points.
    texts_ : list of Text
        Scores as written in the cells, in the order of `scores_`, row by row.
    line_ : ErrorbarContainer or None
        Scores over one parameter.
    colorbar_ : Colorbar or None
        What the colours mean.
    ax_ : Axes
        Where the scores are.
    figure_ : Figure
        Where that is.

    See Also
    --------
    TrainingHistoryDisplay : How the best one was trained.
    sklearn.model_selection.ValidationCurveDisplay : Scores over one parameter, computed there and then.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LagFramer
    >>> from sklstm.datasets import load_airline
    >>> from sklstm.inspection import SearchDisplay
    >>> X, y = load_airline(return_X_y=True)
    >>> pipe = make_pipeline(LagFramer(12, flatten=True), SimpleImputer(), Ridge())
    >>> grid = {"lagframer__n_steps": [6, 12], "ridge__alpha": [1.0, 100.0, 10000.0]}
    >>> search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(3), scoring="neg_root_mean_squared_error").fit(X, y)
    >>> display = SearchDisplay.from_estimator(search, x="alpha", y="n_steps")
    >>> display
    SearchDisplay(root mean squared error of 6 candidates over ridge__alpha and lagframer__n_steps)
    >>> display.scores_.round(1)
           1   100  10000
    6   33.7  33.7   38.1
    12  25.9  26.0   24.5
    """

    def __init__(self, *, candidates, x, y=None, score_name="score", lower_is_better=False, best=None):
        self.candidates = candidates
        self.x = x
        self.y = y
        self.score_name = score_name
        self.lower_is_better = lower_is_better
        self.best = best

    @classmethod
    def from_estimator(cls, search, x=None, y=None, *, metric=None, ax=None) -> Self:
        """Draw the results of a fitted search.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV or the like
            Fitted. Of a halving search, each candidate's last and largest round counts.
        x, y : str, optional
            Parameters, ``"frame__n_steps"``, or their last part where it is the only one of the name, ``"n_steps"``. A
            search over one or two parameters needs no names.
        metric : str, optional
            Which score, of a search with several; by default that of ``refit=``.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        display : SearchDisplay
            As drawn.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        ValueError
            If a parameter or a metric is unknown.
        """
        who = f"{cls.__name__}.from_estimator"
        import_pyplot(who)
        candidates, metric = read_candidates(who, search, metric)
        x, y = find_parameters(who, list(candidates.columns[:-2]), x, y)
        score_name, lower_is_better = describe_score(search, metric)
        if lower_is_better:
            candidates["score"] = -candidates["score"]
        best = getattr(search, "best_index_", None)
        if best not in candidates.index or metric != refit_metric(search):
            best = None
        display = cls(
            candidates=candidates, x=x, y=y, score_name=score_name, lower_is_better=lower_is_better, best=best
        )
        return display.plot(ax)

    def plot(self, ax=None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        display : SearchDisplay
            The display itself.

        Raises
        ------
        ValueError
            If no candidate has a score.
        """
        who = type(self).__name__
        candidates = self.candidates
        shown = [name for name in (self.x, self.y) if name is not None]
        candidates = candidates[[all(value is not UNSET for value in row) for row in candidates[shown].to_numpy()]]
        if not np.isfinite(candidates["score"]).any():
            raise ValueError(f"{who} got no candidate with a score: every fit has failed, or was not scored.")
        best = self.best if self.best in candidates.index else self._best_of(candidates["score"])
        axes_of = {name: _Values.of(candidates[name]) for name in shown}
        x = axes_of[self.x]
        y = axes_of.get(self.y)
        places = pd.DataFrame({name: values.places for name, values in axes_of.items()}, index=candidates.index)
        # The best of those that share their place.
        winners = candidates.groupby([places[name] for name in shown])["score"].agg(self._best_of)
        winners = candidates.loc[winners.dropna().astype(int)]
        self.image_ = self.line_ = self.colorbar_ = None
        self.texts_ = []
        as_points = y is not None and self._too_many(x, y, len(winners))
        (self.ax_,) = make_panels(who, ax, [[0]], _figsize(x, y, as_points))
        self.figure_ = self.ax_.figure
        grid = np.full((1 if y is None else len(y.labels), len(x.labels)), np.nan)
        rows = 0 if y is None else places.loc[winners.index, self.y]
        grid[rows, places.loc[winners.index, self.x]] = winners["score"]
        self.scores_ = pd.DataFrame(grid, index=[self.score_name] if y is None else y.labels, columns=x.labels)
        if y is None:
            self._draw_line(x, winners, places, best)
        elif as_points:
            self._draw_points(candidates, x, y, best)
        else:
            self._draw_cells(x, y, grid, places.loc[best])
        self._write_title(shown)
        return self

    def _best_of(self, scores):
        """Row of the best of some scores; NaN where none is a number."""
        if not np.isfinite(scores).any():
            return np.nan
        return scores.idxmin() if self.lower_is_better else scores.idxmax()

    def _too_many(self, x, y, n_shown):
        """Whether cells would be small, and most of them empty."""
        many = max(len(x.labels), len(y.labels)) > MOST_VALUES
        return many and n_shown < len(x.labels) * len(y.labels) / 2 and x.numbers is not None and y.numbers is not None

    def _colours(self):
        """The same end of the colours is the good one for errors and for scores."""
        return "viridis_r" if self.lower_is_better else "viridis"

    def _draw_cells(self, x, y, grid, best):
        axes = self.ax_
        self.image_ = axes.imshow(grid, cmap=self._colours(), origin="lower", aspect="auto")
        axes.set_xticks(range(len(x.labels)), x.labels)
        axes.set_yticks(range(len(y.labels)), y.labels)
        if y.numbers is None:
            # Numbers ascend; names are read from above.
            axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        # Neighbours are kept apart, and what was not tried can be told from what was.
        axes.set_xticks(np.arange(len(x.labels) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(y.labels) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=2)
        axes.tick_params(which="minor", length=0)
        if max(grid.shape) <= MOST_VALUES:
            self._write_scores(grid, best)
        axes.add_patch(_frame(best[self.x], best[self.y]))
        self._finish_coloured(x, y)

    def _write_scores(self, grid, best):
        digits = _digits(grid)
        for (row, column), score in np.ndenumerate(grid):
            is_best = (row, column) == (best[self.y], best[self.x])
            text = self.ax_.text(column, row, "", ha="center", va="center", weight="bold" if is_best else None)
            if np.isfinite(score):
                text.set(text=f"{score:#.{digits}g}".rstrip("."), color=_read_on(self.image_.to_rgba(score)))
            self.texts_.append(text)

    def _draw_points(self, candidates, x, y, best):
        axes = self.ax_
        # The best ones last, so that they lie on top.
        order = np.argsort(candidates["score"].to_numpy() * (-1 if self.lower_is_better else 1), kind="stable")
        drawn = candidates.iloc[order]
        drawn = drawn[np.isfinite(drawn["score"])]
        self.image_ = axes.scatter(
            drawn[self.x].astype(float),
            drawn[self.y].astype(float),
            c=drawn["score"],
            cmap=self._colours(),
            s=70,
            edgecolor="white",
            linewidth=0.5,
        )
        axes.plot(
            float(candidates.loc[best, self.x]),
            float(candidates.loc[best, self.y]),
            marker="o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor=COLOURS[0],
            markeredgewidth=2.5,
            linestyle="none",
            label="best",
        )
        for set_scale, values in ((axes.set_xscale, x), (axes.set_yscale, y)):
            set_scale("log" if values.span_orders() else "linear")
        self._finish_coloured(x, y)
        finish(axes, legend=False)

    def _finish_coloured(self, x, y):
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, label=self._score_label())
        self.colorbar_.outline.set_visible(False)
        self.ax_.set(xlabel=self.x, ylabel=self.y)

    def _draw_line(self, x, winners, places, best):
        axes = self.ax_
        at = places.loc[winners.index, self.x]
        winners = winners.iloc[np.argsort(at.to_numpy(), kind="stable")]
        numbers = np.sort(at.to_numpy()) if x.numbers is None else x.numbers[np.sort(at.to_numpy())]
        self.line_ = axes.errorbar(
            numbers,
            winners["score"],
            winners["spread"],
            color=COLOURS[1],
            linewidth=1.5,
            linestyle="none" if x.numbers is None else "-",
            marker="o",
            capsize=3,
            elinewidth=1,
            label="mean and standard deviation over folds",
        )
        at_best = numbers[list(winners.index).index(best)] if best in winners.index else None
        if at_best is not None:
            axes.plot(
                at_best,
                winners.loc[best, "score"],
                marker="o",
                markersize=11,
                markerfacecolor="none",
                markeredgecolor=COLOURS[0],
                markeredgewidth=2.5,
                linestyle="none",
                label="best",
            )
        if x.numbers is None:
            axes.set_xticks(range(len(x.labels)), x.labels)
            axes.set_xlim(-0.5, len(x.labels) - 0.5)
        else:
            if x.span_orders():
                axes.set_xscale("log")
            if len(x.labels) <= MOST_VALUES:
                axes.set_xticks(x.numbers, x.labels)
                axes.minorticks_off()
        axes.set(xlabel=self.x, ylabel=self._score_label())
        finish(axes)

    def _score_label(self):
        return f"{self.score_name}, {'lower' if self.lower_is_better else 'higher'} is better"

    def _write_title(self, shown):
        """Say what else was searched, and that its best value is what is shown."""
        others = [name for name in self.candidates.columns if name not in (*shown, "score", "spread")]
        if not others:
            return
        title = f"best over {', '.join(others)}"
        if self.y is None:
            # The legend has the place above the axes.
            self.ax_.set_xlabel(f"{self.x}\n({title})")
        else:
            self.ax_.set_title(title, loc="left", fontsize="medium", color=QUIET)

    def __repr__(self):
        over = self.x if self.y is None else f"{self.x} and {self.y}"
        return f"{type(self).__name__}({self.score_name} of {len(self.candidates)} candidates over {over})"


class _Values(NamedTuple):
    """The distinct values of a parameter, and which one each candidate has."""

    places: np.ndarray
    labels: list
    numbers: np.ndarray | None

    @classmethod
    def of(cls, values):
        """Numbers first, in their order; whatever else there is as it appears."""
        keys = [float(value) if _is_number(value) else repr(value) for value in values]
        first = dict(zip(reversed(keys), reversed(list(values)), strict=True))
        numbers = sorted(key for key in first if isinstance(key, float))
        order = numbers + [key for key in dict.fromkeys(keys) if not isinstance(key, float)]
        place = {key: place for place, key in enumerate(order)}
        all_numbers = np.array(numbers) if len(numbers) == len(order) else None
        return cls(np.array([place[key] for key in keys]), [_short(first[key]) for key in order], all_numbers)

    def span_orders(self):
        """Whether they are numbers that lie as on a logarithmic axis."""
        lowest, middle, highest = self.numbers[0], np.median(self.numbers), self.numbers[-1]
        return lowest > 0 and highest >= 30 * lowest and middle < (lowest + highest) / 4


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _short(value):
    """A value as a label."""
    if _is_number(value):
        return f"{value:.5g}"
    text = " ".join(value.split() if isinstance(value, str) else repr(value).split())
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 3] + "..."


def _digits(scores):
    """As many digits as tell candidates apart: more where all scores are alike."""
    scores = scores[np.isfinite(scores)]
    alike = np.ptp(scores) < 0.05 * np.abs(scores).max()
    return 4 if alike else 3


def _read_on(background):
    """Black or white, whichever is read more easily (weights of luminance of ITU-R BT.601)."""
    red, green, blue, _ = background
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _frame(column, row):
    """A frame around a cell."""
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=COLOURS[0], linewidth=3, zorder=3)


def _figsize(x, y, as_points):
    if y is None or as_points:
        return 7.5, 4.5
    width = max(0.9, 0.09 * max(map(len, x.labels)))
    return max(6, min(14, 2.5 + width * len(x.labels))), max(3.4, min(9, 1.4 + 0.55 * len(y.labels)))
