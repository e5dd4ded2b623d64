"""Which images are duplicates: hashes propose, pixels decide."""
