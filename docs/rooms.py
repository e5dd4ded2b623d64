"""Count the rooms of a checkout: modules in each, arrows between them, floors.

    python docs/rooms.py [FOLDER]

A room is a folder of packages, or a module that lies in none (and each of the packages `ui`, `train` and `reports`,
inside `curate` or beside it). An arrow says that some module of one room imports some module of another. The floors are
the rooms on the longest way along the arrows; a room on a way that leads back to itself is named. Reads imports only.
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path

PACKAGES = ("curate", "ui", "train", "reports")


def modules(root: Path) -> dict[str, Path]:
    """Every module below the packages, by its dotted name; links inside `curate` count where they lead."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.relative_to(root).parents):
                parts = path.relative_to(root).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path) -> set[str]:
    """Every name that a module imports, at its top or in a function, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return {name.removeprefix("curate.") if name.split(".")[:2][-1] in PACKAGES[1:] else name for name in names}


def room(module: str) -> str:
    """The room of a module: its folder, or itself where it lies at the top."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "curate" else parts[0]


def main(root: Path) -> None:
    """Print the table."""
    paths = modules(root)
    arrows: dict[str, set[str]] = defaultdict(set)
    members: dict[str, int] = defaultdict(int)
    edges = 0
    for name, path in paths.items():
        members[room(name)] += 1
        for target in {other for other in imported(path) if other in paths and other != name}:
            if target != "curate":
                edges += 1
                if room(target) != room(name):
                    arrows[room(name)].add(room(target))
    floors: dict[str, int] = {}
    around: set[str] = set()

    def floor(name: str, way: tuple[str, ...] = ()) -> int:
        if name in way:
            around.update(way[way.index(name) :])
            return 0
        if name not in floors:
            floors[name] = 1 + max((floor(below, (*way, name)) for below in arrows[name]), default=0)
        return floors[name]

    for name in sorted(members):
        floor(name)
    for name in sorted(members, key=lambda name: (-floors[name], name)):
        print(f"{floors[name]:3} {name:28} {members[name]:3} modules -> {', '.join(sorted(arrows[name]))}")
    count = sum(len(targets) for targets in arrows.values())
    print(f"{len(paths)} modules in {len(members)} rooms, {count} arrows between rooms, {max(floors.values())} floors")
    print(f"{edges} imports between modules; rooms that a way leads back to: {', '.join(sorted(around)) or 'none'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
