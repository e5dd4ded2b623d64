"""A dataset drawn in code with known defects, taken the whole way."""
