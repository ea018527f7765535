"""TensorFlow in the processes that joblib starts."""

import multiprocessing
import os

_process = None


def share_cores():
    """In a worker process of joblib, let TensorFlow use no more threads than joblib means a worker to have.

    joblib says how many in environment variables that TensorFlow does not read. TensorFlow takes a number only before
    it first computes anything. In any other process nothing is changed.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if not multiprocessing.current_process().name.startswith("LokyProcess") or not n_threads.isdigit():
        return
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(int(n_threads))
        tf.config.threading.set_inter_op_parallelism_threads(int(n_threads))
    except RuntimeError:
        # It has computed something already.
        return


def refuse_fork(who):
    """Refuse to compute in a copy of a process that has computed: TensorFlow would wait there forever.

    Parameters
    ----------
    who : str
        For the message.
    """
    global _process
    if _process is None:
        _process = os.getpid()
    if _process != os.getpid():
        raise RuntimeError(
            f"{who} was called in a forked copy of a process in which a network had been computed. TensorFlow does "
            "not survive a fork, and would wait forever. Use joblib's backends 'threading' or 'loky' (the default of "
            "n_jobs), which do not fork, or begin processes by 'spawn'."
        )
