"""X of LSTMRegressor and LSTMClassifier: windows, frames, and codes of categories among their features."""

import numpy as np

from sklstm._validation import (
    check_codes,
    check_frames,
    check_windows,
    is_ragged,
    n_dims,
    read_numbers,
    sequence_features,
)
from sklstm.estimators._samples import Samples


class WindowReader:
    """Reads X, and remembers from fit what later X must have in common with it.

    Parameters
    ----------
    architecture : Architecture
        Whether the network takes frames, and which features it embeds.
    for_numbers : dict
        Parameters of the estimator that need a feature that is a number.

    Attributes
    ----------
    frame : tuple of int
        Height, width and channels; nothing where X are windows.
    codes : list of int
        Positions of the features that hold codes.
    n_categories : tuple of int
        How many codes there are of each of these.
    """

    def __init__(self, architecture, for_numbers):
        self.architecture = architecture
        self.for_numbers = for_numbers
        self.frame, self.codes, self.n_categories = (), [], ()

    def read(self, estimator, X, reset):
        """X as Samples; `reset` forgets what was read before."""
        who = type(estimator).__name__
        X = X if is_ragged(X) else read_numbers(X)
        frame = () if is_ragged(X) or n_dims(X) <= 3 else tuple(X.shape[2:])
        if reset:
            self._refuse_frames(who, X, frame)
            self.frame = frame
        elif self.frame and frame != self.frame:
            raise ValueError(
                f"{who} was fitted on frames of shape {self.frame}, got X of shape {np.shape(X)}. Pass X of shape "
                f"(n_samples, n_timesteps, {', '.join(map(str, self.frame))})."
            )
        check = check_frames if self.frame else check_windows
        checked = check(estimator, X, reset=reset)
        samples = Samples(*checked) if self.frame else Samples(checked)
        if reset:
            self.codes, self.n_categories = self._code_features(who, samples.windows), ()
        self.check_codes(who, samples.windows)
        return samples

    def check_codes(self, who, windows):
        """Refuse what is no code; count the codes in fit, and later refuse those above them."""
        if self.codes:
            self.n_categories = check_codes(self._embedder(who), windows, self.codes, self.n_categories or None)

    def no_numbers(self, windows):
        """Features that no window scaler changes and that hold no past: static, known ahead, or codes."""
        return [*windows.roles.features, *windows.roles.known, *self.codes]

    def _refuse_frames(self, who, X, frame):
        if frame and not self.architecture.takes_frames:
            raise ValueError(
                f"{who}(architecture={self.architecture.network!r}) expects X of shape (n_samples, n_timesteps, "
                f"n_features), got shape {X.shape}. For frames pass architecture='cnn_lstm'; else bring further axes "
                "into the features: X.reshape(*X.shape[:2], -1)."
            )

    def _embedder(self, who):
        """Who embeds codes, for messages."""
        return f"{who} with {type(self.architecture).__name__}(embedding_dim={self.architecture.embedding_dim})"

    def _code_features(self, who, windows):
        """Positions of the features to embed."""
        codes = given = self.architecture.embedding_features
        if self.architecture.embedding_dim is None:
            if codes is not None:
                raise ValueError(
                    f"{who} got embedding_features={given!r}, but embedding_dim=None embeds nothing. Pass "
                    "embedding_dim, the length of an embedding, or leave embedding_features out."
                )
            return []
        if self.frame:
            raise ValueError(
                f"{self._embedder(who)} embeds codes of categories, got frames of shape {self.frame}. Pass "
                "embedding_dim=None."
            )
        changing = sequence_features(windows).tolist()
        codes = changing if codes is None else list(codes)
        if not codes or len(set(codes)) < len(codes) or not set(codes) <= set(changing):
            raise ValueError(
                f"{who} expects embedding_features to name features of X that are neither static nor known ahead, by "
                f"their positions, each once: some of {changing}. Got {given!r}."
            )
        if len(codes) == len(changing):
            self._refuse_numbers_only(who)
        return [int(code) for code in codes]

    def _refuse_numbers_only(self, who):
        """Refuse what is for numbers, where X holds codes and nothing else."""
        for name, value in self.for_numbers.items():
            if value not in (None, False, "auto"):
                raise ValueError(
                    f"{self._embedder(who)} embeds all features of X that change from time step to time step, so that "
                    f"no number is left for {name}={value!r}. Say which features hold codes, embedding_features=[...], "
                    f"or leave {name} out."
                )
