"""From bytes to pixels, and what is wrong with the bytes."""
