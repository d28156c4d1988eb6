"""Sealing of identities, keyed look-ups, and redaction for logs and notices."""

from treckk_gateway.privacy.keys import KEY_BYTES, Box, Draws, Keyring
from treckk_gateway.privacy.redaction import ALLOWED, redact, scrub

__all__ = ["ALLOWED", "KEY_BYTES", "Box", "Draws", "Keyring", "redact", "scrub"]
