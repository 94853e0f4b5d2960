"""Public architectures, one family a file: a function from nothing to (network, outputs)."""
