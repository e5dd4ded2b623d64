"""The comparison of the study: its published figures, and the benchmark that measures them again."""
