"""What systems and programs leave among the images of a dataset, and is none of it: thumbnails, recycle bins, indexes.

The names are those of macOS, Windows, Synology and QNAP storage, ext4, Android and Jupyter. A word that may be a class,
such as `trash`, is not among them.
"""

from curate.i18n import Message, msg

FOLDERS = frozenset(
    {
        "__macosx", "__pycache__", "@eadir", "@recycle", "@recently-snapshot", "@sharebin", "@tmp", "#recycle",
        "#snapshot", "$recycle.bin", "$extend", "recycler", "system volume information", "lost+found", "lost.dir",
        "found.000",
    }
)  # fmt: skip
FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "picasa.ini", "zbthumbnail.info"})


def of_folder(name: str) -> Message | None:
    """Say why a folder of this name is not part of a dataset; None where it may be."""
    if name.startswith("."):
        return msg("hidden folder")
    return msg("a folder of the system or of a program, none of the dataset") if name.lower() in FOLDERS else None


def of_file(name: str) -> Message | None:
    """Say why a file of this name is not part of a dataset; None where it may be."""
    return msg("hidden file") if name.startswith(".") or name.lower() in FILES else None


def folder_in(path: str) -> tuple[str, Message] | None:
    """Find the first folder of a path that is clutter: its own path, ending in a slash, and why; None without one."""
    parts = path.split("/")
    for depth, part in enumerate(parts[:-1], start=1):
        reason = of_folder(part)
        if reason is not None:
            return "/".join(parts[:depth]) + "/", reason
    return None


def is_clutter(path: str) -> bool:
    """Say whether a file, or a folder that it lies in, is clutter."""
    return folder_in(path) is not None or of_file(path.rpartition("/")[2]) is not None
