"""The ports behind which a database hides, and the rows that go through them."""

from treckk_gateway.store.port import Store, Wakeups

__all__ = ["Store", "Wakeups"]
