"""Images to measurements, in processes that may die."""
