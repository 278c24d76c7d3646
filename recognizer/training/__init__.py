"""Training: data, network, loop, export. The only part that imports torch, and an extra of the installation."""
