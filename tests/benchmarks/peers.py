"""The other tools on the same images, each run by the Python it is installed in, at its defaults.

Give that Python where it is not this one: `--peer imagededup=PYTHON --peer cleanvision=PYTHON --peer fastdup=PYTHON
--peer image_dedup_ai=PYTHON`.
A peer that is not installed is left out, and the tables say so. Run as a script: `peers.py NAME FOLDER OUT`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

NAMES = ("imagededup", "cleanvision", "image_dedup_ai", "fastdup", "fastdup at 0.9")
"""The second fastdup is that by the distance down to which it lists pairs by default."""


@dataclass(frozen=True)
class Found:
    """What a peer made of a folder: pairs of file names it calls copies, and the seconds it took, imports aside."""

    version: str
    seconds: float
    pairs: set[tuple[str, str]]


def available(options: list[str]) -> dict[str, str]:
    """Name to Python, of the peers that can be imported there."""
    given = dict(option.split("=", 1) for option in options)
    pythons = {name: given.get(_package(name), sys.executable) for name in NAMES}
    return {name: python for name, python in pythons.items() if _imports(python, _package(name))}


def _package(name: str) -> str:
    return name.split(maxsplit=1)[0]


def _imports(python: str, name: str) -> bool:
    found = subprocess.run(
        [python, "-c", f"import importlib.util as u; raise SystemExit(u.find_spec({name!r}) is None)"],
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    return found.returncode == 0


def run(name: str, python: str, folder: Path) -> Found:
    """Let a peer look for copies in a folder."""
    with tempfile.TemporaryDirectory() as work:
        out = Path(work) / "found.json"
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        subprocess.run(
            [python, __file__, name, str(folder), str(out)],
            check=True,
            cwd=work,
            env={**environment, "SENTRY_OPT_OUT": "1", "FASTDUP_OPT_OUT": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        found: dict[str, Any] = json.loads(out.read_text())
    pairs = {(min(pair), max(pair)) for pair in found["pairs"] if pair[0] != pair[1]}
    return Found(found["version"], found["seconds"], pairs)


def _imagededup(folder: str) -> list[list[str]]:
    from imagededup.methods import PHash

    found = PHash(verbose=False).find_duplicates(image_dir=folder, recursive=True)
    return [[name, other] for name, others in found.items() for other in others]


def _cleanvision(folder: str) -> list[list[str]]:
    from cleanvision import Imagelab

    lab = Imagelab(data_path=folder)
    lab.find_issues()
    sets = [*lab.info["exact_duplicates"]["sets"], *lab.info["near_duplicates"]["sets"]]
    named = [[os.path.relpath(path, folder) for path in members] for members in sets]
    return [[a, b] for members in named for i, a in enumerate(members) for b in members[i + 1 :]]


def _image_dedup_ai(folder: str) -> list[list[str]]:
    import image_dedup_ai

    found = image_dedup_ai.find_duplicates(folder)
    return [[os.path.relpath(a, folder), os.path.relpath(b, folder)] for a, b, _ in found.pairs]


def _fastdup(folder: str, least: float) -> list[list[str]]:
    import fastdup

    files = [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    engine = fastdup.create(work_dir="work", input_dir=files)
    engine.run(overwrite=True, print_summary=False, verbose=False)
    similar = engine.similarity()
    close = similar[similar["distance"] >= least]
    return [
        [os.path.relpath(a, folder), os.path.relpath(b, folder)]
        for a, b in zip(close["filename_from"], close["filename_to"], strict=True)
    ]


def _main(name: str, folder: str, out: str) -> None:
    __import__(_package(name))
    look = {
        "imagededup": _imagededup,
        "cleanvision": _cleanvision,
        "image_dedup_ai": _image_dedup_ai,
        "fastdup": partial(_fastdup, least=0.96),  # its default for one component
        "fastdup at 0.9": partial(_fastdup, least=0.9),
    }[name]
    started = time.perf_counter()
    pairs = look(folder)
    found = {"version": version(_package(name)), "seconds": time.perf_counter() - started, "pairs": pairs}
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    _main(*sys.argv[1:4])
