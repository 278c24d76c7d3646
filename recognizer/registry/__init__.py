"""The versions of the model on this machine, and which one answers."""
