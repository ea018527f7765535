"""What every estimator owes scikit-learn, by scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import LSTMRegressor


@parametrize_with_checks([LSTMRegressor(units=8, epochs=30, learning_rate=0.03, random_state=0)])
def test_scikit_learn_checks(estimator, check):
    """LSTMRegressor passes every check of scikit-learn's."""
    check(estimator)
