"""SeriesScaler's scalers by group: which of them a row goes by, and what they refuse."""

import numpy as np

from sklstm._parameters import suggest

# As many names of groups as fit into a line or two.
LISTED = 8


def refuse_other_kind(keys, scalers):
    """Raise where X has groups and the fitted X had none, or the other way round."""
    if keys is None and scalers:
        raise ValueError(
            "SeriesScaler was fitted on groups, and cannot tell which of them the rows of X are of. "
            "Pass groups= here too."
        )
    if keys is not None and not scalers:
        raise ValueError("SeriesScaler was fitted without groups, got groups. Pass them to fit too, or nowhere.")


def refuse_unseen(labels, scalers):
    """Raise where a group was not fitted, naming some of those that were."""
    unseen = [label for label in labels if label not in scalers]
    if not unseen:
        return
    known = [repr(label) for label in scalers]
    others = f" (and {len(unseen) - 1} more)" if len(unseen) > 1 else ""
    listed = ", ".join(known[:LISTED]) + (f" and {len(known) - LISTED} more" if len(known) > LISTED else "")
    raise ValueError(
        f"SeriesScaler(unseen_groups='error') was not fitted on the group {unseen[0]!r}{others}."
        f"{suggest(str(unseen[0]), [str(label) for label in scalers])} Its groups are: {listed}. "
        "Fit it on all of them, or let unseen_groups='pooled' scale the others by the coefficients of all rows."
    )


def bounds_of_rows(keys, scalers, pooled):
    """Smallest and largest value in range of each row and feature, by the scaler of the row's group."""
    by_group = [scalers.get(label, pooled) for label in keys.labels]
    return tuple(np.stack([getattr(scaler, name) for scaler in by_group])[keys.codes] for name in ("lower_", "upper_"))


def in_group(keys, scalers, row):
    """Whose coefficients a row goes by, for messages."""
    if keys is None:
        return ""
    label = keys.labels[keys.codes[row]]
    return f" in group {label!r}" if label in scalers else f" in all fitted groups, and {label!r} is none of them"
