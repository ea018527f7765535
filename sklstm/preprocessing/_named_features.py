"""Features that a user names: where they stand in a table, by their name or by their position."""

from numbers import Integral

from sklstm._parameters import suggest
from sklstm._series import find_position


def parameter_positions(transformer, parameter, given):
    """Positions of the fitted features that a parameter gives, one or several of them, in its order.

    Parameters
    ----------
    transformer : SeriesTransformer
        Fitted, or about to be: it knows its features.
    parameter : str
        Name of the parameter, for messages.
    given : str, int or sequence of them
        Its value.

    Returns
    -------
    positions : list of int

    Raises
    ------
    ValueError
        If a name or position is none of a feature.
    """
    names = list(getattr(transformer, "feature_names_in_", range(transformer.n_features_in_)))
    positions = []
    for feature in [given] if isinstance(given, (str, Integral)) else given:
        positions.append(find_position(feature, names))
        if positions[-1] is None:
            raise ValueError(
                f"{type(transformer).__name__}({parameter}={given!r}) names {feature!r}, which is no feature."
                f"{suggest(str(feature), map(str, names))} The features are: {', '.join(map(str, names))}."
            )
    return positions
