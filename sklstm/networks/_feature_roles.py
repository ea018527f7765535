"""Features that mean something else than values of their time steps: static ones, those known ahead, and codes."""

from keras import layers, ops


def sequence_features(meta):
    """Features that change from time step to time step, which the recurrent layers read; None where all do."""
    known = {*meta.get("static_", ()), *_flat(meta.get("future_", ()))}
    return [k for k in range(int(meta["X_shape_"][2])) if k not in known] if known else None


def pick(values, features):
    """Some features of windows, (n_samples, n_timesteps, n_features); all of them for None."""
    if features is None:
        return values
    first, last = min(features), max(features)
    if list(features) == list(range(first, last + 1)):
        return values[:, :, first : last + 1]
    return ops.take(values, list(features), axis=2)


def read_sequence(values, observed, meta, seeds, embedding_dim=None, embedding_features=None, linear_path=None):
    """What the recurrent layers read: the features without a role, codes among them embedded.

    A linear path reads the columns that are known ahead, and the recurrent layers then do without these. On prices of
    electricity with forecasts of the load the RMSE is lower by 9 and 15 %, elsewhere it is the same.

    Parameters
    ----------
    values : KerasTensor of shape (n_samples, n_timesteps, n_features)
        Windows, zero where not observed.
    observed : KerasTensor of shape (n_samples, n_timesteps)
        True where observed.
    meta : dict
        See `sklstm.networks`.
    seeds : Seeds
        Where the initial weights of embeddings get their seeds from.
    embedding_dim : int, optional
        Numbers that stand for a code. Without it nothing is embedded.
    embedding_features : sequence of int, optional
        Features that hold codes; by default all of those without a role.
    linear_path : tuple, optional
        As for the network.

    Returns
    -------
    sequence : KerasTensor of shape (n_samples, n_timesteps, n_numbers + n_codes * embedding_dim)
        Numbers first; zero where not observed.
    """
    features = sequence_features(meta)
    if linear_path is not None and features is not None:
        codes = () if embedding_dim is None else embedding_features or features
        features = [k for k in features if k in codes or k not in meta.get("known_", ())] or features
    if embedding_dim is None:
        return pick(values, features)
    features = range(int(meta["X_shape_"][2])) if features is None else features
    codes = features if embedding_features is None else embedding_features
    numbers = [k for k in features if k not in codes]
    embedded = [
        layers.Embedding(
            int(n), int(embedding_dim), embeddings_initializer=seeds.initializer("uniform"), name=f"embedding_{k}"
        )(values[:, :, int(k)])
        for k, n in zip(codes, meta["n_categories_"], strict=True)
    ]
    # What was not observed looks like the first category: it is zero, as numbers are.
    embedded = ops.where(ops.expand_dims(observed, axis=-1), beside(*embedded), 0.0)
    return beside(pick(values, numbers), embedded) if numbers else embedded


def static(values, meta):
    """Static features, as the last time step has them: (n_samples, n_static), or None."""
    features = meta.get("static_", ())
    return pick(values, features)[:, -1] if features else None


def future(values, meta):
    """What is known of all steps ahead, side by side: (n_samples, n_future), or None."""
    features = _flat(meta.get("future_", ()))
    return pick(values, features)[:, -1] if features else None


def future_by_step(values, meta, n_steps):
    """What is known of each step of the output: (n_samples, n_steps, n_leads); None unless it is, for each of them."""
    steps = meta.get("future_", ())
    if len(steps) != n_steps or len({len(step) for step in steps}) > 1 or not steps[0]:
        return None
    return layers.Reshape((n_steps, len(steps[0])), name="leads")(future(values, meta))


def known_by_step(values, meta):
    """Static features, and at each time step what it holds of steps ahead: (n_samples, n_timesteps, n), or None."""
    fixed, features = static(values, meta), _flat(meta.get("future_", ()))
    if fixed is not None:
        fixed = ops.expand_dims(fixed, axis=1) * ops.ones_like(values[:, :, :1])
    return beside(fixed, pick(values, features) if features else None)


def join(state, *known, seeds):
    """A state, what is known besides, and what both say together; the state itself where nothing is known."""
    joined = beside(state, *known)
    if joined is state:
        return state
    # One output layer adds the two up: it takes a layer between for one to decide what the other means (a product).
    together = layers.Dense(state.shape[-1], activation="relu", kernel_initializer=seeds.initializer(), name="together")
    return beside(joined, together(joined))


def beside(*tensors):
    """Tensors side by side on their last axis; None among them does not count."""
    tensors = [tensor for tensor in tensors if tensor is not None]
    if len(tensors) < 2:
        return tensors[0] if tensors else None
    return ops.concatenate(tensors, axis=-1)


def _flat(steps):
    return [feature for step in steps for feature in step]
