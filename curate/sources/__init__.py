"""Where the bytes of an image come from, and what class and split it has."""
