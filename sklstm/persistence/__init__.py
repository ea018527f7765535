"""Files that one can trust: what was fitted as plain data, which executes nothing when it is loaded."""

from sklstm._versions import VersionWarning
from sklstm.persistence._archive import load, save

__all__ = ["VersionWarning", "load", "save"]
