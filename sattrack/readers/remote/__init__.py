"""Remote: bytes of files elsewhere, by a client of our own that checks every host."""
