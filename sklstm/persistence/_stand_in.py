"""The base of all stand-ins."""


class StandIn:
    """Base of the stand-ins. ``cls.of(*args)`` is one to store, ``cls(*args)`` what it stands for."""

    def __new__(cls, *args):
        return cls.restore(*args)

    @classmethod
    def of(cls, *args):
        """Return a stand-in to store."""
        stand_in = object.__new__(cls)
        stand_in.args = args
        return stand_in

    def __reduce__(self):
        return type(self), self.args

    @staticmethod
    def restore(*args):
        """Return what a stand-in with these arguments stands for."""
        raise NotImplementedError
