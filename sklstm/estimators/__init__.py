"""Where scikit-learn meets Keras. Keras is loaded by the first fit or predict, not before."""

from sklstm.estimators._lstm_regressor import LSTMRegressor

__all__ = ["LSTMRegressor"]
