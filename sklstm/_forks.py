"""Whether this process is a fork of one in which TensorFlow had begun to compute."""

import os
import sys

_of_tensorflow = False


def is_fork_of_tensorflow():
    """Whether TensorFlow ran in the process that this one is a copy of; it would wait forever here."""
    return _of_tensorflow


def _note():
    global _of_tensorflow
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    # It is there from the import on, and has a handle once anything was computed.
    _of_tensorflow |= getattr(context, "_context_handle", None) is not None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note)
