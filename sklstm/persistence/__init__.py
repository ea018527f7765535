"""Files that one can trust: what was fitted as plain data, which executes nothing when it is loaded."""

from sklstm.persistence._archive import load, save

__all__ = ["load", "save"]
