"""From the approved manifest to a dataset: exported, or built for training."""
