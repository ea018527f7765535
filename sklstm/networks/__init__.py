"""Networks in Keras, each on one screen; nothing here knows scikit-learn."""

from sklstm.networks._vanilla import vanilla

__all__ = ["vanilla"]
