"""A package, so that its modules may be called what other folders' modules are called too."""
