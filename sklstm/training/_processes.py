"""TensorFlow in the processes that joblib and Dask start."""

import multiprocessing
import os

import joblib

from sklstm._forks import is_fork_of_tensorflow

_process = None


def share_cores():
    """In a worker process of joblib or Dask, let TensorFlow use no more threads than a worker is meant to have.

    Both say how many in environment variables that TensorFlow does not read. TensorFlow takes a number only before it
    first computes anything. In any other process nothing is changed.
    """
    n_threads = _threads_of_this_worker()
    if n_threads is None:
        return
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(n_threads)
        tf.config.threading.set_inter_op_parallelism_threads(n_threads)
    except RuntimeError:
        # It has computed something already.
        return


def _threads_of_this_worker():
    """How many threads joblib or Dask means this process to have; None where neither says so."""
    name, n_threads = multiprocessing.current_process().name, os.environ.get("OMP_NUM_THREADS", "")
    if not n_threads.isdigit():
        return None
    if name.startswith("LokyProcess"):
        return int(n_threads)
    if name.startswith("Dask Worker process"):
        from distributed import get_worker

        try:
            # It runs so many tasks at a time, and says what each is to have.
            return int(n_threads) * get_worker().state.nthreads
        except ValueError:
            # It has not begun to work.
            return None
    return None


def free_threads():
    """Return how many threads of this process may compute side by side for one fit.

    All cores, unless the fit is a task of joblib or Dask: then as many as loky gives its process, or one.
    """
    name = multiprocessing.current_process().name
    # 1 in a task of a parallel call, 2 in a task of a task.
    backend, _ = joblib.parallel.get_active_backend()
    level = backend.nesting_level or 0
    if name.startswith("LokyProcess") and level < 2:
        return _threads_of_this_worker() or 1
    return 1 if level or name.startswith("Dask Worker process") else joblib.cpu_count()


def prepare_process(who):
    """Prepare this process to compute: the first time its share of the cores is set; a fork is refused.

    TensorFlow would wait forever in a copy of a process that has computed.

    Parameters
    ----------
    who : str
        For the message.

    Raises
    ------
    ImportError
        If Keras, or what it computes by, is not installed.
    RuntimeError
        If this process is a fork.
    """
    global _process
    try:
        import keras  # noqa: F401 - is it installed?
    except ImportError as cause:
        raise ImportError(
            f"{who} needs Keras and TensorFlow, got {type(cause).__name__}: {cause}. pip install tensorflow. Without "
            "it, sklstm.load(path, runtime='onnx') predicts by a file that was saved with onnx=True."
        ) from cause
    if _process is None and not is_fork_of_tensorflow():
        _process = os.getpid()
        share_cores()
    if _process != os.getpid() or is_fork_of_tensorflow():
        raise RuntimeError(
            f"{who} was called in a forked copy of a process in which a network had been computed. TensorFlow does "
            "not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' (the default of "
            "n_jobs), which do not fork, or begin processes by 'spawn'."
        )
