"""The C modules of the package sctp."""
