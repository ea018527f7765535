"""Compiled programs of this process, for tests that count them."""


def compiled_programs(kind=None):
    """Return compiled programs by key: all of them, or those of one kind, such as "learn" and "predict"."""
    from sklstm.training._programs import programs

    return {key: program for key, program in programs._known.items() if kind in (None, key[0])}
