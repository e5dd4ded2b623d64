"""The review store, and what decisions come to."""
