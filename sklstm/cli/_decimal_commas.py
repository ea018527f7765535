"""Numbers with a decimal comma, as spreadsheets write them where that is the custom."""

import pandas as pd

# What may stand between thousands beside a decimal comma: a point, or one of the spaces that spreadsheets write.
THOUSANDS_MARKS = (r"\.", " ", "\u00a0", "\u202f")
NUMBER = r"[+-]?(?:\d+|[1-9]\d{{0,2}}(?:{mark}\d{{3}})+)(?:,\d+)?(?:[eE][+-]?\d+)?"

# These could as well be thousands with a comma between them.
OF_THOUSANDS = r"[+-]?(?:\d{1,3}|[1-9]\d{0,2},\d{3})"


def find_decimal_commas(data, table, *, sure):
    """Names of the columns that become numbers throughout by taking the comma for the decimal mark.

    Parameters
    ----------
    data : str or Path
        What the table is called in messages.
    table : DataFrame of shape (n_rows, n_columns)
        As pandas read it.
    sure : bool
        Whether something else says that commas are decimal marks.

    Returns
    -------
    columns : list of str
        In the order of the table.

    Raises
    ------
    ValueError
        If the commas may as well stand between thousands.
    """
    texts = {column: _texts(table[column]) for column in table if not pd.api.types.is_numeric_dtype(table[column])}
    found = [column for column, text in texts.items() if text.str.contains(",").any() and _mark_of(text) is not None]
    unsure = [column for column in found if texts[column].str.fullmatch(OF_THOUSANDS).all()]
    if unsure and len(unsure) == len(found) and not sure:
        text = texts[unsure[0]]
        value = text[text.str.contains(",")].iloc[0]
        raise ValueError(
            f"{data}: the comma in column {unsure[0]!r} may be the decimal mark or stand between thousands "
            f"({value!r}). Write numbers with a decimal point, and nothing between thousands."
        )
    return found


def read_decimal_commas(table, texts, commas):
    """The same table with numbers in these columns, and in others whose points then stand between thousands.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        As pandas read it.
    texts : DataFrame of shape (n_rows, n_columns)
        The same, and all of it text.
    commas : list of str
        The columns with a decimal comma.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        With their numbers.
    """
    for column in table:
        text = _texts(texts[column])
        mark = _mark_of(text)
        if column in commas or (mark == r"\." and text.str.contains(mark).any()):
            numbers = text.str.replace(mark, "", regex=True).str.replace(",", ".")
            table = table.assign(**{column: pd.to_numeric(numbers).reindex(table.index)})
    return table


def _texts(column):
    return column.dropna().astype(str).str.strip()


def _mark_of(text):
    """What stands between the thousands of numbers with a decimal comma; None where not all values are such numbers."""
    if len(text) == 0:
        return None
    return next((mark for mark in THOUSANDS_MARKS if text.str.fullmatch(NUMBER.format(mark=mark)).all()), None)
