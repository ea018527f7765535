"""One observation at a time, in production. Nothing here loads Keras before the first prediction."""

from sklstm.online._online_predictor import OnlinePredictor

__all__ = ["OnlinePredictor"]
