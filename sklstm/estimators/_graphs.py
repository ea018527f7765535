"""Networks of a fitted estimator as ONNX graphs, for `sklstm.persistence`."""

from sklstm._network_state import NetworkState


def add_graphs(estimator):
    """Give each network of a fitted estimator its ONNX graph, in place.

    Parameters
    ----------
    estimator : KerasEstimator
        Fitted.

    Raises
    ------
    ImportError
        If what exports is not installed.
    ValueError
        If a network cannot be exported.
    """
    from sklstm.training import export_network

    for network in _keras_networks(estimator):
        network.onnx = export_network(network, type(estimator).__name__, **estimator._export_params())


def use_graphs(estimator):
    """Let a fitted estimator predict by its ONNX graphs, in place.

    Parameters
    ----------
    estimator : KerasEstimator
        Fitted.

    Raises
    ------
    ValueError
        If a network has no graph.
    """
    if any(network.onnx is None for network in _keras_networks(estimator)):
        raise ValueError(
            f"{type(estimator).__name__} has no ONNX graph to be served by. Save it with sklstm.save(fitted, path, "
            "onnx=True), where TensorFlow is installed."
        )
    estimator._shares_model = False
    estimator.members_ = [
        member.with_network(getattr(member.network, "onnx", member.network)) for member in estimator.members_
    ]


def is_served(estimator):
    """Return whether an estimator has networks that are ONNX graphs alone.

    Parameters
    ----------
    estimator : KerasEstimator
        Fitted or not.
    """
    networks = [member.network for member in getattr(estimator, "members_", ())]
    return any(network is not None and not isinstance(network, NetworkState) for network in networks)


def refuse_model(estimator):
    """Raise an AttributeError if an estimator is served, and has no Keras model."""
    if is_served(estimator):
        raise AttributeError(
            f"{type(estimator).__name__} was loaded with runtime='onnx', and has no Keras model. Load it with "
            "sklstm.load(path, runtime='keras')."
        )


def refuse_training(estimator):
    """Raise if an estimator is served, and cannot go on training."""
    if is_served(estimator):
        raise ValueError(
            f"{type(estimator).__name__} was loaded with runtime='onnx', which predicts only. Load it with "
            "sklstm.load(path, runtime='keras') to go on training, or call fit with warm_start=False."
        )


def _keras_networks(estimator):
    networks = [member.network for member in getattr(estimator, "members_", ())]
    return [network for network in networks if isinstance(network, NetworkState)]
