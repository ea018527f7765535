"""Fits in threads that end before the program does."""

import threading
from contextlib import contextmanager
from multiprocessing.dummy import DummyProcess

import joblib


@contextmanager
def in_threads():
    """Run the tasks of joblib in threads; after an error or Ctrl-C, stop the fits that still run, and wait for them.

    The threads are joblib's, and are daemons: when Python ends while one of them computes with TensorFlow, the process
    aborts.
    """
    before = set(threading.enumerate())
    with joblib.parallel_config("threading"):
        try:
            yield
        except BaseException:
            from sklstm.training import stopping_fits

            with stopping_fits():
                for thread in set(threading.enumerate()) - before:
                    if isinstance(thread, DummyProcess):
                        thread.join()
            raise
