"""The port's operations, each one transaction, in statements that both databases understand."""

from treckk_gateway.store.sql.connection import Connection
from treckk_gateway.store.sql.store import SqlStore

__all__ = ["Connection", "SqlStore"]
