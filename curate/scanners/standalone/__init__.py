"""Programs that run under another Python than ours, each in a process of its own; they import nothing of curate."""
