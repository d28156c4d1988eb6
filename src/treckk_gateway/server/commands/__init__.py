"""The commands of `treckk`, and how they ask and print."""
