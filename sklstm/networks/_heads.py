"""Output layers, as the target asks for them."""

from numbers import Integral

from keras import layers

REGRESSION = ("continuous", "continuous-multioutput")


def heads(meta, state, seeds, output_activation=None):
    """Outputs of a sample from one state: numbers, or probabilities of classes.

    Parameters
    ----------
    meta : dict
        See `sklstm.networks`.
    state : KerasTensor of shape (n_samples, units)
        What the network made of a sample.
    seeds : Seeds
        Where the initial weights get their seeds from.
    output_activation : str, optional
        In place of the usual one: linear in regression, sigmoid for yes or no, softmax among classes.

    Returns
    -------
    outputs : KerasTensor of shape (n_samples, n_outputs or n_classes), or a list of one for each output
    """
    target, n_outputs, n_classes = meta["target_type_"], int(meta["n_outputs_"]), meta.get("n_classes_")
    if target == "multiclass-multioutput":
        return [
            _dense(int(n), seeds, output_activation or "softmax", name=f"output_{k}")(state)
            for k, n in enumerate(n_classes)
        ]
    if target in REGRESSION:
        size, usual = n_outputs, None
    elif target == "multilabel-indicator":
        size, usual = n_outputs, "sigmoid"
    elif target == "binary":
        size, usual = 2 if output_activation == "softmax" else 1, "sigmoid"
    elif target in ("multiclass", "multiclass-onehot"):
        size, usual = int(n_classes), "softmax"
    else:
        raise _unknown(target)
    return _dense(size, seeds, output_activation or usual, name="outputs")(state)


def step_heads(meta, states, seeds, output_activation=None):
    """Outputs of each time step, all from the same dense layer.

    Parameters
    ----------
    meta : dict
        See `sklstm.networks`.
    states : KerasTensor of shape (n_samples, n_timesteps, units)
        What the network made of each time step.
    seeds : Seeds
        Where the initial weights get their seeds from.
    output_activation : str, optional
        In place of the usual one, as for `heads`.

    Returns
    -------
    outputs : KerasTensor of shape (n_samples, n_timesteps, n_outputs_per_step or n_labels)
    """
    target, per_step = meta["target_type_"], int(meta["n_outputs_"]) // n_output_steps(meta)
    if target in REGRESSION:
        size, usual = per_step, None
    elif target not in ("binary", "multiclass", "multilabel-indicator", "multiclass-multioutput"):
        raise _unknown(target)
    elif _n_labels(meta) <= 2 and output_activation != "softmax":
        size, usual = per_step, "sigmoid"
    elif per_step == 1:
        size, usual = _n_labels(meta), "softmax"
    else:
        raise ValueError(
            "encoder_decoder and many_to_many choose one label for each time step by softmax, "
            f"got y with {per_step} for each. Fit an estimator for each of them."
        )
    return _dense(size, seeds, output_activation or usual, name="outputs")(states)


def _dense(size, seeds, activation, name):
    return layers.Dense(size, activation=activation, kernel_initializer=seeds.initializer(), name=name)


def n_output_steps(meta):
    """Time steps of the output; unless they are said, each output is one."""
    return int(meta.get("n_output_steps_") or meta["n_outputs_"])


def _n_labels(meta):
    if meta["target_type_"] == "multilabel-indicator":
        return 2
    if meta.get("n_labels_"):
        return int(meta["n_labels_"])
    n_classes = meta["n_classes_"]
    return int(n_classes if isinstance(n_classes, Integral) else max(n_classes))


def _unknown(target):
    return ValueError(
        "A network's output is for regression, binary, multiclass, multiclass-onehot, multilabel-indicator or "
        f"multiclass-multioutput targets, got target_type_={target!r}. See sklearn.utils.multiclass.type_of_target."
    )
