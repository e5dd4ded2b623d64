"""EfficientNet-B0 on a curated dataset. The only place with torch."""
