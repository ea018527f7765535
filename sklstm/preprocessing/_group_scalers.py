"""Sets of coefficients by group: merging those of chunks, and messages about groups."""

import numpy as np

from sklstm._parameters import suggest

# As many names of groups as fit into a line or two.
LISTED = 8


def merge_by_group(method, one, other):
    """Merge the statistics of two chunks, each a pair of labels and statistics with those of all rows at the end.

    Returns
    -------
    labels : pd.Index
        Groups of the first chunk, and after them the new ones of the second.
    statistics : dict of str to ndarray of shape (n_groups + 1, n_features)
    """
    (known, _), (shown, _) = one, other
    labels = known.append(shown[~shown.isin(known)]) if len(known) else shown
    return labels, method.merge(*(_spread_out(part, labels) for part in (one, other)))


def _spread_out(part, labels):
    """Statistics in the order of `labels`: NaN, and a count of 0, for a group that the chunk does not hold."""
    own, statistics = part
    rows = np.append(own.get_indexer(labels), len(own))
    absent = (rows < 0)[:, None]
    return {
        name: np.where(absent, 0 if value.dtype.kind == "i" else np.nan, value[rows])
        for name, value in statistics.items()
    }


def refuse_other_kind(index, groups):
    """Raise if X has groups and the fitted X had none, or the other way round."""
    if index is None and len(groups):
        raise ValueError(
            "SeriesScaler was fitted on groups, and cannot tell which of them the rows of X are of. "
            "Pass groups= here too."
        )
    if index is not None and not len(groups):
        raise ValueError("SeriesScaler was fitted without groups, got groups. Pass them to fit too, or nowhere.")


def refuse_unseen(labels, known):
    """Raise if a group was not fitted, naming some of those that were."""
    unseen = labels[known.get_indexer(labels) < 0]
    if not len(unseen):
        return
    others = f" (and {len(unseen) - 1} more)" if len(unseen) > 1 else ""
    listed = ", ".join(map(repr, known[:LISTED].tolist()))
    listed += f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    label = unseen.tolist()[0]
    raise ValueError(
        f"SeriesScaler(unseen_groups='error') was not fitted on the group {label!r}{others}."
        f"{suggest(str(label), [str(label) for label in known])} Its groups are: {listed}. "
        "Fit it on all of them, or let unseen_groups='pooled' scale the others by the coefficients of all rows."
    )


def in_group(index, sets, row):
    """The group whose coefficients apply to a row, for messages."""
    if index is None:
        return ""
    label = index.label(index.codes[row])
    return f" in group {label!r}" if sets[row] >= 0 else f" in all fitted groups, and {label!r} is none of them"
