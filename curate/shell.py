"""Command lines that messages advise, written so that they run when they are pasted into the shell of this system."""

import os
import re
import shlex
import subprocess

ON_WINDOWS = os.name == "nt"
_PLAIN_TO_CMD = re.compile(r"[\w@+:./\\~-]+")


def typed(*words: object) -> str:
    """Write words as they are typed at the prompt: of a POSIX shell, on Windows of `cmd`.

    >>> print(typed("curate", "review", "Ana's ws"))
    curate review 'Ana'"'"'s ws'
    """
    quoted = _for_cmd if ON_WINDOWS else shlex.quote
    return " ".join(quoted(str(word)) for word in words)


def _for_cmd(word: str) -> str:
    """Quote a word as programs of Windows part their command line; `cmd` reads no `&` or `^` between double quotes."""
    quoted = subprocess.list2cmdline([word])
    return quoted if quoted.startswith('"') or _PLAIN_TO_CMD.fullmatch(word) else f'"{quoted}"'
