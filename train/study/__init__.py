"""The comparison of the study: its published figures, and the benchmark that measures them again."""

RAW, EXTRA = "kaggle:sanidhyak/human-face-emotions", "kaggle:msambare/fer2013"
"""The two datasets of the study, by their names on Kaggle."""
