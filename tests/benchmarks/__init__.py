"""Speed and accuracy, measured: ratios of one run, printed as tables. Run with `make bench`."""
