"""Categories and their codes: which there are, there and back, on arrays."""

from reprlib import repr as short_repr

import numpy as np
import pandas as pd

from sklstm.preprocessing._categorical_input import as_column

# How many categories a message lists.
LISTED = 5
# What Unicode has for a character that cannot be told.
UNKNOWN_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def learn_categories(column, where=""):
    """Categories of a Series (`where` it is, for messages): its type's in their order, else its values, sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = pd.Index(column.dtype.categories).to_numpy()
    else:
        categories = as_categories(_sorted(column.dropna(), where))
    if len(categories) == 0:
        raise ValueError(
            f"SequenceEncoder got nothing observed (only missing values){where or ' in X'}. "
            "Drop it, or give its categories."
        )
    return categories


def _sorted(labels, where):
    try:
        return sorted(labels.unique())
    except TypeError:
        types = sorted({type(label).__name__ for label in labels})
        raise ValueError(
            f"SequenceEncoder expects labels that can be sorted{where}, got {' and '.join(types)}. "
            "Turn all of them into text, or give their order as categories=."
        ) from None


def as_categories(labels):
    """Labels as an array of the type that all of them have; text as objects."""
    return as_column(labels).to_numpy()


def check_given(of, labels):
    """Raise where labels that are given as categories (`of` what) are none, missing, or there twice."""
    labels = pd.Series(list(labels), dtype=object)
    if len(labels) == 0:
        raise ValueError(f"SequenceEncoder got an empty list for the categories{of}. Leave it out to learn them.")
    if labels.isna().any():
        raise ValueError(
            f"SequenceEncoder got a missing value among the categories{of}. Leave it out: what is missing stays NaN."
        )
    if not labels.is_unique:
        twice = labels[labels.duplicated()].iloc[0]
        raise ValueError(f"SequenceEncoder got {shown(twice)} twice among the categories{of}. Give each once.")


def refuse_unknown(label, place, categories):
    """Raise: a label at this place of X is none of the categories."""
    known = ", ".join(shown(category) for category in categories[:LISTED])
    raise ValueError(
        f"SequenceEncoder got {shown(label)} at {place}, which is none of the {len(categories)} categories that it "
        f"knows: {known}{', ...' if len(categories) > LISTED else '.'} Fit on data that has it, give it in "
        "categories=, or set unknown='encode' or unknown='nan'."
    )


def shown(label):
    """A label as a message shows it, shortened."""
    return short_repr(label.item() if isinstance(label, np.generic) else label)


def encode(column, categories):
    """The code of each value of a Series: its place among `categories`, NaN where it is missing, -1 where unknown."""
    rows, seen = pd.factorize(column)
    # As objects, so that equal labels meet whatever type their column has: 1 and 1.0, text of either string type.
    known = pd.Index(categories).astype(object).get_indexer(pd.Index(seen).astype(object))
    return np.append(known, np.nan)[rows]


def to_one_hot(codes, n_codes, dtype):
    """A column for each code, 1 where a value has it; NaN in all of them where the code is NaN."""
    block = np.zeros((len(codes), n_codes), dtype=dtype)
    observed = np.flatnonzero(~np.isnan(codes))
    block[observed, codes[observed].astype(np.intp)] = 1
    block[np.isnan(codes)] = np.nan
    return block


def read_codes(X, n_categories, n_codes, *, one_hot):
    """Codes of integers, or of the most probable of each; NaN where nothing was observed.

    The last axis of X is that of the codes, if it is as long as there are of them, or of length 1 and left
    out. ``n_codes`` counts what is unknown as well, which a network need not predict. Where there is a single
    category, `one_hot` says whether its column holds a 1 for it, or its code.
    """
    values = np.asarray(X, dtype=np.float64)
    widths = {n_categories, n_codes} if one_hot else {n_categories, n_codes} - {1}
    if values.ndim > 1 and values.shape[-1] in widths:
        return most_probable(values)
    if values.ndim == 0 or (values.ndim > 1 and values.shape[-1] != 1):
        raise ValueError(
            "SequenceEncoder.inverse_transform expects codes of shape (n_samples,) or (..., 1), or probabilities of "
            f"shape (..., {n_codes}), got shape {values.shape}."
        )
    codes = values[..., 0] if values.ndim > 1 else values
    observed = codes[~np.isnan(codes)]
    wrong = (observed != np.rint(observed)) | (observed < 0) | (observed >= n_codes)
    if wrong.any():
        raise ValueError(
            f"SequenceEncoder.inverse_transform expects codes, whole numbers from 0 to {n_codes - 1}, got "
            f"{observed[wrong][0]:g}. Round what a network predicts, or pass its probabilities, of shape "
            f"(..., {n_codes})."
        )
    return codes


def most_probable(shares):
    """The code with the largest share along the last axis; NaN where nothing was observed, or all is 0."""
    missing = np.isnan(shares).any(axis=-1) | (shares == 0).all(axis=-1)
    # The order of NaN is none: where there is one, anything will do.
    return np.where(missing, np.nan, np.argmax(np.nan_to_num(shares), axis=-1))


def decode(codes, categories):
    """Labels of codes of any shape; missing ones as NaN among numbers, else as None.

    A code beyond the last category stands for an unknown one, and is missing too.
    """
    missing = np.isnan(codes) | (codes >= len(categories))
    if not missing.any():
        return categories[codes.astype(np.intp)]
    nothing = np.nan if categories.dtype.kind in "iuf" else None
    target = np.result_type(categories, np.float64) if nothing is not None else object
    known = np.append(categories.astype(target), np.array([nothing], dtype=target))
    return known[np.where(missing, len(categories), codes).astype(np.intp)]


def spell(codes, categories):
    """Characters of codes, joined: nothing for NaN, which is padding, a replacement character for an unknown one."""
    codes = codes[~np.isnan(codes)].astype(np.intp)
    return "".join(np.append(categories.astype(object), UNKNOWN_CHARACTER)[codes])


def unknown_name(labels):
    """A name for unknown categories that none of the known ones has."""
    name = "?"
    while name in labels:
        name += "?"
    return name


def as_series(labels, index, name, dtype):
    """Labels as a Series of the type that was fitted, where that can hold what is missing."""
    series = pd.Series(labels, index=index, name=name, dtype=labels.dtype)
    plain_numbers = isinstance(dtype, np.dtype) and dtype.kind in "biu"
    return series if plain_numbers and series.isna().any() else series.astype(dtype)
