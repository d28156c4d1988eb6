"""What goes out: an update becomes a text, leaves once, and its fate is kept."""
