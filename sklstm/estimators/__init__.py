"""Where scikit-learn meets Keras. Keras is loaded by the first fit or predict, not before."""

from sklstm.estimators._architecture import CNNLSTM, LSTMFCN, Architecture

# For sklstm.persistence.
from sklstm.estimators._graphs import add_graphs as add_graphs
from sklstm.estimators._graphs import is_served as is_served
from sklstm.estimators._graphs import use_graphs as use_graphs
from sklstm.estimators._keras_classifier import KerasClassifier
from sklstm.estimators._keras_estimator import KerasEstimator as KerasEstimator
from sklstm.estimators._keras_regressor import KerasRegressor
from sklstm.estimators._lstm_autoencoder import LSTMAutoencoder
from sklstm.estimators._lstm_classifier import LSTMClassifier
from sklstm.estimators._lstm_regressor import LSTMRegressor
from sklstm.estimators._training_plan import TrainingPlan

__all__ = [
    "CNNLSTM",
    "LSTMFCN",
    "Architecture",
    "KerasClassifier",
    "KerasRegressor",
    "LSTMAutoencoder",
    "LSTMClassifier",
    "LSTMRegressor",
    "TrainingPlan",
]
