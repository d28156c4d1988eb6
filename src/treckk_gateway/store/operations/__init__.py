"""What the store does, by subject; `port.Store` is all of it."""
