"""Providers on loopback: what the gateway talks to in tests and in the demo, on the real protocols."""
