"""X of KerasRegressor and KerasClassifier: rows, windows or frames."""

from sklstm._validation import check_frames, check_rows, check_windows, is_ragged, n_dims, read_numbers
from sklstm.estimators._samples import Samples


class ModelReader:
    """Reads X of any number of axes, and remembers from fit how many a sample has."""

    n_axes: int | None = None

    def read(self, estimator, X, reset):
        """X as Samples; `reset` forgets what was read before."""
        X = X if is_ragged(X) else read_numbers(X)
        dims = 3 if is_ragged(X) else n_dims(X)
        if dims == 3:
            samples = Samples(check_windows(estimator, X, reset=reset))
        elif dims > 3:
            samples = Samples(*check_frames(estimator, X, reset=reset))
        else:
            samples = Samples(*check_rows(estimator, X, reset=reset))
        if reset:
            self.n_axes = len(samples.sample_shape)
        elif len(samples.sample_shape) != self.n_axes:
            raise ValueError(
                f"{type(estimator).__name__} was fitted on samples of {self.n_axes} axes, got X of shape "
                f"{samples.shape}. Pass X with as many axes as in fit."
            )
        return samples
