"""The tutorial: a view that stores an order and calls `.delay()`, a task that sends the mail."""

from benchmarks.peers.settings.base import *  # noqa: F403
