"""Optional libraries, loaded when something needs them."""

from importlib import import_module


def load_extra(who, module, extra):
    """A module of an optional library.

    Parameters
    ----------
    who : str
        Who needs it, for messages.
    module : str
        Full name of the module.
    extra : str
        The extra of sklstm that installs it.

    Returns
    -------
    module : module
        Loaded.

    Raises
    ------
    ImportError
        If the library is not there.
    """
    try:
        return import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise ImportError(f"{who} needs {library}: pip install 'sklstm[{extra}]'") from None
