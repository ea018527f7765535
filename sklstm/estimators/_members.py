"""Members of an ensemble: networks of one estimator that differ in their seed, and how several of them are trained."""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
from sklearn.utils import check_random_state

from sklstm._network_state import NetworkState


class Member:
    """A fitted network, and what its training continues from.

    Parameters
    ----------
    seed : int
        Initial weights, shuffling and dropout follow from it.

    Attributes
    ----------
    network : NetworkState or None
        Layers and weights as plain data; None before there is a network.
    history : dict of str to list of float
        Loss and metrics of each epoch.
    training_path : {"graph", "xla", "xla-shards", "keras"} or None
        How the last training was computed; None before it.
    """

    def __init__(self, seed):
        self.seed = seed
        self.network = None
        self.history = {}
        self.training_path = None
        self._optimizer = self._optimizer_state = None

    @property
    def n_iter(self) -> int:
        """Number of epochs that were run."""
        return len(self.history.get("loss", ()))

    def with_network(self, network):
        """Return a copy that has a NetworkState."""
        copied = copy.copy(self)
        copied.network = network
        return copied

    def optimizer_state(self, network, optimizer):
        """Return the optimizer's state, to continue from, and remember the optimizer.

        None if it is another optimizer than before, or has another learning rate or other weights to train.
        """
        trained = [tuple(variable.shape) for variable in network.trainable_variables]
        described = type(optimizer).__name__, optimizer.get_config() | {"name": None}, trained
        if self._optimizer not in (None, described):
            self._optimizer_state = None
        self._optimizer = described
        return self._optimizer_state

    def add(self, trained):
        """Add the result of a training, a Trained."""
        self._optimizer_state = trained.optimizer_state
        self.training_path = trained.path
        self.history = self.history | {
            name: [*self.history.get(name, ()), *values] for name, values in trained.history.items()
        }


class MemberFit:
    """A member and its Keras model during one fit.

    Parameters
    ----------
    member : Member
        Changed in place.
    network : keras.Model
        Trained in place.
    rebuild : callable or None
        As for NetworkState.
    settings : Settings
        Fresh ones.
    """

    def __init__(self, member, network, rebuild, settings):
        self.member = member
        self.network = network
        self.rebuild = rebuild
        self.settings = settings
        self.trained = None
        self._optimizer_state = member.optimizer_state(network, settings.optimizer)

    def prepare(self, trainer, batches, **fit_params):
        """Set the Keras model to train in place of the network, or the network itself, and what it is trained on.

        Parameters
        ----------
        trainer : keras.Model
            Has the weights of the network.
        batches, **fit_params
            As for `fit_network`.

        Returns
        -------
        self : MemberFit
            Ready to `run`.
        """
        self._trainer, self._batches, self._fit_params = trainer, batches, fit_params
        return self

    def uses_one_core(self):
        """Whether the training may run beside others: a compiled program that uses one core, and prints nothing."""
        from sklstm.training import choose_path

        names = ("validation", "callbacks", "seed")
        params = {name: value for name, value in self._fit_params.items() if name not in names}
        path = choose_path(self._trainer, self._batches, self.settings, **params)
        return path in ("graph", "xla") and not params.get("verbose")

    def run(self):
        """Train; return whether the training was interrupted."""
        from sklstm.training import fit_network

        self.trained = fit_network(
            self._trainer,
            self._batches,
            self.settings,
            optimizer_state=self._optimizer_state,
            **self._fit_params,
        )
        if self._trainer is not self.network:
            self.network.set_weights(self._trainer.get_weights())
        self.member.add(self.trained)
        return self.trained.interrupted

    def state(self):
        """Return the network as it is now, as a NetworkState."""
        return NetworkState.of(self.network, self.rebuild)


def new_members(random_state, n_members):
    """Return members without networks; the first seeds are the same for any number of members."""
    rng = check_random_state(random_state)
    return [Member(rng.randint(2**31 - 1)) for _ in range(n_members)]


def refuse_carried_state(who, n_members, stateful, tbptt=None):
    """Refuse an ensemble whose members would carry a state from sample to sample, or from piece to piece."""
    if n_members == 1 or not (stateful or tbptt is not None):
        return
    name, remedy = ("stateful=True", "stateful=False") if stateful else (f"tbptt={tbptt!r}", "TrainingPlan(tbptt=None)")
    raise ValueError(
        f"{who}(n_members={n_members}) trains networks on batches of whole samples, got {name}, which carries a state "
        f"from one batch to the next. Pass n_members=1, or {remedy}."
    )


# --- training -------------------------------------------------------------------------------------


def train_members(fits):
    """Train members, in threads if each uses one core and others are free, else one after the other.

    An interrupt ends the training of all members; those that have not begun stay as they are.

    Parameters
    ----------
    fits : list of MemberFit
        Prepared.

    Returns
    -------
    interrupted : bool
        Whether the training was interrupted.
    """
    from sklstm.training import free_threads

    n_threads = min(len(fits), free_threads())
    if n_threads > 1 and all(fit.uses_one_core() for fit in fits):
        return _train_in_threads(fits, n_threads)
    for fit in fits:
        try:
            interrupted = fit.run()
        except KeyboardInterrupt:
            # Between two members, or while one is compiled.
            if fits[0].trained is None:
                raise
            interrupted = True
        if interrupted:
            return True
    return False


def _train_in_threads(fits, n_threads):
    """Train members in threads. They are not joblib's, which would lose the results when the user interrupts them."""
    from sklstm.training import stopping_fits

    stopped = Event()

    def run(fit):
        if not stopped.is_set() and fit.run():
            stopped.set()

    with ThreadPoolExecutor(n_threads) as pool:
        try:
            for future in [pool.submit(run, fit) for fit in fits]:
                future.result()
        except BaseException as error:
            stopped.set()
            with stopping_fits():
                _end(pool)
            if not isinstance(error, KeyboardInterrupt) or fits[0].trained is None:
                raise
    return stopped.is_set()


def _end(pool):
    """Wait for the threads of a pool, which have been told to stop, however often the user interrupts."""
    while True:
        try:
            return pool.shutdown(cancel_futures=True)
        except KeyboardInterrupt:
            continue


def trained_members(fits, interrupted):
    """Return the members with their networks.

    After an interrupt new members whose training did not begin are left out; so are those whose training did not end,
    if that of the first one did: the mean would be worse than the first one alone. Members that had a network stay.
    """
    if not interrupted:
        return [fit.member.with_network(fit.state()) for fit in fits]
    only_ended, members = not fits[0].trained.interrupted, []
    for fit in fits:
        is_new, begun = fit.member.network is None, fit.trained is not None
        if begun and not (is_new and only_ended and fit.trained.interrupted):
            members.append(fit.member.with_network(fit.state()))
        elif not is_new:
            members.append(fit.member)
    return members


def epoch_reports(fit, tasks, fitted):
    """Return callbacks that report the epochs of a MemberFit to scikit-learn's callbacks; none without these.

    Parameters
    ----------
    fit : MemberFit
        To be trained.
    tasks : FitTasks
        Receives the reports.
    fitted : dict
        Attributes of the estimator. In a report it has this member alone, as it is then.
    """
    from sklstm.training import EpochReport

    if tasks.root is None:
        return []

    def attributes():
        return fitted | {"members_": [fit.member.with_network(fit.state())]}

    return [EpochReport(tasks.begin_epoch, lambda _: tasks.end_epoch(attributes))]


# --- prediction -----------------------------------------------------------------------------------


def average(values):
    """Return the mean over members of arrays, or of lists of arrays; of one member its own values."""
    if len(values) == 1:
        return values[0]
    if isinstance(values[0], list):
        return [average(parts) for parts in zip(*values, strict=True)]
    return np.mean(values, axis=0)


def stack(values):
    """Return arrays of members as one array of shape (n_members, ...); lists of arrays as a list of them."""
    if isinstance(values[0], list):
        return [np.stack(parts) for parts in zip(*values, strict=True)]
    return np.stack(values)
