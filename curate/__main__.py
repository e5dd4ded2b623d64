"""`python -m curate`: the same as the command `curate`."""

from curate.cli import main

if __name__ == "__main__":
    main()
