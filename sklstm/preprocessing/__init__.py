"""Transformers for a stock Pipeline: scale, frame, pad, and give the third axis. None of them loads Keras."""

from sklstm.preprocessing._differencer import Differencer
from sklstm.preprocessing._forward_fill import ForwardFill
from sklstm.preprocessing._lag_framer import LagFramer
from sklstm.preprocessing._sequence_encoder import SequenceEncoder
from sklstm.preprocessing._sequence_padder import SequencePadder
from sklstm.preprocessing._series_scaler import SeriesScaler
from sklstm.preprocessing._split_sequences import split_sequences
from sklstm.preprocessing._supervised import make_supervised, series_to_supervised
from sklstm.preprocessing._to3d import To3D

__all__ = [
    "Differencer",
    "ForwardFill",
    "LagFramer",
    "SequenceEncoder",
    "SequencePadder",
    "SeriesScaler",
    "To3D",
    "make_supervised",
    "series_to_supervised",
    "split_sequences",
]
