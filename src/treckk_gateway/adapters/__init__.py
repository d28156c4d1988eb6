"""The channels that ship; each is found by its entry point, like anybody else's."""
