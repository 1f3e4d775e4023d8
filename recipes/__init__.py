"""One file an experiment: a frozen dataclass of its settings and a `main` that runs it."""
