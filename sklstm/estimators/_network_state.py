"""A fitted network as plain data: text and arrays that pickle small and load anywhere."""

from typing import NamedTuple


class NetworkState(NamedTuple):
    """What a Keras model is rebuilt from.

    Attributes
    ----------
    config : str
        The model's layers, as Keras writes them in JSON.
    weights : tuple of ndarray
        Their weights, in Keras' order.
    """

    config: str
    weights: tuple

    @classmethod
    def of(cls, network):
        """The state of a Keras model."""
        return cls(network.to_json(), tuple(network.get_weights()))

    def rebuild(self):
        """A new Keras model in this state, not compiled."""
        import keras

        network = keras.models.model_from_json(self.config)
        network.set_weights(list(self.weights))
        return network
