"""Networks in Keras, each on one screen; nothing here knows scikit-learn.

Every function takes `meta`, a dict that says what goes in and what comes out, and returns a `keras.Model` that is
not compiled. It takes NaN for time steps that were not observed, and loads where sklstm is not installed. The keys of
`meta` are those that scikeras hands to its builders, and some more:

``X_shape_`` : tuple
    (n_samples, n_timesteps, n_features); of frames (n_samples, n_timesteps, height, width), maybe with channels last.
``target_type_`` : str
    What `sklearn.utils.multiclass.type_of_target` says of y; "multiclass-onehot" for an indicator of one class each.
``n_outputs_`` : int
    Values to predict for each sample, those of all time steps together.
``n_classes_`` : int or list of int, optional
    Classes of y; of each column of it where the target is "multiclass-multioutput".
``n_output_steps_`` : int, optional
    Time steps of the output. Without it each output of `encoder_decoder` and `many_to_many` is a time step.
``n_labels_`` : int, optional
    Labels over all of y, which the time steps of a classified sequence share. Without it the most in `n_classes_`.
``static_`` : tuple of int, optional
    Features that do not change within a sample. Recurrent layers do not read them, and they say nothing of what was
    observed: their values at the last time step join what these layers make of the others, both as they are and
    through a dense layer; in `encoder_decoder` they go to the decoder. NaN is taken for zero.
``future_`` : tuple of tuple of int, optional
    For each step ahead, the nearest first, the features whose values at the last time step are those of that step.
    They join as static ones do; in `encoder_decoder` each step of the output gets its own where the steps are as many,
    in `many_to_many` each time step what it holds itself.
``n_categories_`` : tuple of int, optional
    For each feature that is embedded how many codes there are, from 0 on.
"""

from sklstm.networks._bidirectional import bidirectional
from sklstm.networks._cnn_lstm import cnn_lstm
from sklstm.networks._encoder_decoder import encoder_decoder
from sklstm.networks._linear_path import n_known_steps, set_linear_path
from sklstm.networks._lstm_fcn import lstm_fcn
from sklstm.networks._many_to_many import many_to_many
from sklstm.networks._stacked import stacked
from sklstm.networks._vanilla import vanilla

__all__ = [
    "bidirectional",
    "cnn_lstm",
    "encoder_decoder",
    "lstm_fcn",
    "many_to_many",
    "n_known_steps",
    "set_linear_path",
    "stacked",
    "vanilla",
]
