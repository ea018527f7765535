"""What fit refuses before it reads X, and the loss where some values of y are not known."""

import numpy as np
from sklearn.utils.validation import _check_sample_weight


def refuse_several_inputs(who, X):
    """Refuse a dict or a list of arrays, as Keras takes them for a network of several inputs."""
    if isinstance(X, dict) or (isinstance(X, (list, tuple)) and len(X) > 0 and np.ndim(X[0]) > 2):
        inputs = list(X) if isinstance(X, dict) else len(X)
        raise ValueError(
            f"{who} has one X, got a {type(X).__name__} of inputs ({inputs}). Join them along the features, "
            "np.concatenate([...], axis=-1), and take them apart inside the network: keras.ops.split."
        )


def refuse_other_precision(who):
    """Refuse to train where Keras is told to compute in another precision."""
    import keras

    if (floatx := keras.config.floatx()) != "float32":
        raise ValueError(
            f"{who} computes in float32, got keras.config.floatx() == {floatx!r}. Call "
            "keras.config.set_floatx('float32')."
        )


def read_weights(who, sample_weight, n_samples):
    """Weights of samples, (n_samples,) float32, or None; refuse negative ones, and none above 0."""
    if sample_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, np.empty(n_samples), dtype=np.float32)
    if (weights < 0).any():
        raise ValueError(
            f"{who} got a negative sample_weight for sample {np.argmax(weights < 0)}: it would learn the opposite. "
            "Weights are 0 or more; 0 leaves a sample out."
        )
    if not weights.any():
        raise ValueError(
            f"{who} got a sample_weight of 0 for all {len(weights)} samples, which leaves nothing to train on. Give "
            "those that count a weight above 0."
        )
    return weights


def with_known_loss(settings, targets, parts):
    """Settings whose loss leaves out targets that are NaN, if there are any.

    Parameters
    ----------
    settings : Settings
        What the network is compiled with.
    targets : list of ndarray
        Of all samples. Those of samples that are not trained on may be NaN, too: they become zero, in place.
    parts : list of ndarray of int
        Samples that are trained on or held out for validation.

    Returns
    -------
    settings : Settings
        The same where the targets of these samples are known.
    """
    from sklstm.training import KnownLoss, build_loss

    unknown = [isinstance(target, np.ndarray) and np.isnan(target) for target in targets]
    if not any(np.any(mask) for mask in unknown):
        return settings
    if any(mask[part].any() for mask in unknown if mask is not False for part in parts):
        return settings._replace(loss=KnownLoss(build_loss(settings.loss)))
    for target, mask in zip(targets, unknown, strict=True):
        target[mask] = 0
    return settings
