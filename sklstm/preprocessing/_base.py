"""What all transformers share: strict parameters, and tables that keep their index."""

from typing import Self

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.validation import check_is_fitted

from sklstm._fit_callbacks import CallbackSupportMixin
from sklstm._parameters import StrictParameters


def require_fitted(transformer):
    """Raise NotFittedError if a transformer is not fitted; scikit-learn's check takes longer than some transforms."""
    if not hasattr(transformer, "n_features_in_"):
        check_is_fitted(transformer)


class SeriesTransformer(StrictParameters, CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """A transformer that returns one sample for each that it was given.

    By default a table comes back as it came: a DataFrame with its index, because the index tells when,
    and LagFramer needs to know; an array as an array. ``set_output`` asks for a container of one's own
    choice. Windows and ragged sequences are not tables: no container applies to them.
    """

    def __init_subclass__(cls, **kwargs):
        # scikit-learn would wrap every output, and fails on three axes: _contain wraps tables only.
        super().__init_subclass__(auto_wrap_output_keys=(), **kwargs)

    def set_output(self, *, transform=None) -> Self:
        """Choose the container of two-dimensional output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            ``"default"``: a DataFrame for a DataFrame, an array for an array. None changes nothing.

        Returns
        -------
        self : estimator instance
            The transformer itself.
        """
        if transform is not None:
            # The attribute that scikit-learn's own mixin uses, and that clone copies.
            self._sklearn_output_config = {"transform": transform}
        return self

    def _contain(self, table, X):
        """A table of shape (n_samples, n_columns) in the container that is asked for, else in that of X."""
        adapter = _get_container_adapter("transform", self)
        if adapter is not None:
            return adapter.create_container(table, X, columns=self.get_feature_names_out)
        if isinstance(X, (pd.DataFrame, pd.Series)):
            return pd.DataFrame(table, index=X.index, columns=self.get_feature_names_out())
        return table

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
