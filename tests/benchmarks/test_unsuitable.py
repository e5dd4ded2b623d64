"""What is unsuitable, against labels made by eye: `pytest tests/benchmarks/test_unsuitable.py -s`.

A third of the labelled images, drawn by duplicate group, was left out of choosing thresholds and of fitting, and is
reported apart; intervals are Wilson's, of 95 % (Wilson, JASA 1927). Each figure thrice: as an audit gives it, with the
text read (extra `text`), and with the embeddings that the audit measures as well, which take no torch.
"""

import csv
import math
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.scanners import text

pytestmark = pytest.mark.shared
Row = dict[str, str]
WHOLE = {"prevalence": 1.0, "prevalence_required": 1.0}
"""Every kind is told, however many images it hits."""
SETS = ("web-emotions", "web-emotions-2")
COVERED = re.compile(
    r"behind (hands?|hair|arm)|hand (hides|over mouth|on face)|faces? (covered|hidden|under|turned)|masks|dark glasses|"
    r"sunglasses|over the (face|head)|in the dark|half a dark face|over dim profile"
)
"""Notes of a face of which an eye, the mouth or a third cannot be seen. One that suits the curator is not covered."""
COVERED_LABELS, DRAWING_LABELS = (Path(__file__).parent / name for name in ("covered.csv", "drawings.csv"))
TRUTH: dict[str, Callable[[Row], bool | None]] = {
    "no_face": lambda row: None if row["faces"] in ("u", "") else row["faces"] == "0",
    "several_faces": lambda row: None if row["faces"] in ("u", "") else int(row["faces"]) > 1,
    "body_not_face": lambda row: _both(_known(row["face_small"]), _not(_known(row["drawing"]))),
    "drawing": lambda row: _known(row["drawing"]),
    "any text": lambda row: _known(row["text"]),
}


def _known(value: str) -> bool | None:
    return None if value not in ("0", "1") else value == "1"


def is_covered(row: Row) -> bool | None:
    """Say whether an image shows a covered face, by its note or by the labels of `covered_labels`."""
    if "covered" in row:
        return _known(row["covered"])
    return row["suitable"] != "1" and row["drawing"] != "1" and bool(COVERED.search(row["note"]))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _both(one: bool | None, other: bool | None) -> bool | None:
    return None if one is None or other is None else one and other


def leaders(shared_data: Path) -> Callable[[str], str]:
    """Read the duplicate groups of the first set; return what names the group of an image."""
    leader: dict[str, str] = {}

    def first_of(path: str) -> str:
        while path in leader:
            path = leader[path]
        return path

    with (shared_data / "web-emotions-duplicates.csv").open() as file:
        for pair in csv.DictReader(file):
            one, other = sorted((first_of(pair["path_a"]), first_of(pair["path_b"])))
            if one != other:
                leader[other] = one
    return first_of


def labelled(shared_data: Path) -> list[Row]:
    """Read the labels of both sets, each row with its set, its duplicate group and, by that, whether it is held out."""
    rows = []
    for name in SETS:
        with (shared_data / f"{name}-labels.csv").open() as file:
            rows += [{**row, "set": name, "file": row["path"]} for row in csv.DictReader(file)]
    return _grouped(rows, shared_data)


def covered_labels(shared_data: Path) -> list[Row]:
    """Read of more images of the first set with one sure face whether that is covered, as seen by eye."""
    with COVERED_LABELS.open() as file:
        rows = [{**row, "set": SETS[0], "file": row["path"]} for row in csv.DictReader(file)]
    is_good = {("0", "0"): "1", ("u", "0"): "u"}
    rows = [{**row, "suitable": is_good.get((row["covered"], row["drawing"]), "0"), "note": ""} for row in rows]
    return _grouped(rows, shared_data)


def drawing_labels(shared_data: Path) -> list[Row]:
    """Read of more images of the first set, none held out, whether they were drawn and whether they show a body.

    One image of each duplicate group of which none else is labelled; seen by eye, `u` where undecided.
    """
    with DRAWING_LABELS.open() as file:
        rows = [{**row, "set": SETS[0], "file": row["path"]} for row in csv.DictReader(file)]
    return _grouped(rows, shared_data)


def _grouped(rows: list[Row], shared_data: Path) -> list[Row]:
    first_of = leaders(shared_data)
    for row in rows:
        row["group"] = row["set"] + first_of(row["file"])
        row["held"] = "held out" if zlib.crc32(row["group"].encode()) % 3 == 0 else "tuned on"
        label, _, file_name = row["file"].partition("/")
        row["path"] = f"{label}/{row['set']}-{file_name}"
    return sorted(rows, key=lambda row: row["path"])


def linked(rows: list[Row], shared_data: Path, folder: Path) -> Path:
    for row in rows:
        (folder / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / row["path"]).symlink_to(shared_data / row["set"] / row["file"])
    return folder


def share(hits: int, of: int) -> str:
    """Format a share with its 95 % interval after Wilson."""
    if not of:
        return "-"
    z, mean = 1.96, hits / of
    middle = (mean + z * z / (2 * of)) / (1 + z * z / of)
    margin = z / (1 + z * z / of) * math.sqrt(mean * (1 - mean) / of + z * z / (4 * of * of))
    return f"{mean:.2f} ({middle - margin:.2f} to {middle + margin:.2f}, n {of})"


def tell(findings: pd.DataFrame, labels: list[Row]) -> None:
    """Print recall and precision per kind, what the curator's own verdict says, and what is missed."""
    asking = findings[(findings["category"] != "duplicate") & (findings["severity"] != "info")]
    flagged = {kind: set(asking.loc[asking["kind"] == kind, "path"]) for kind in asking["kind"].unique()}
    flagged["any text"] = set(findings.loc[findings["kind"].isin(["text_overlay", "watermark"]), "path"])
    for part in ("tuned on", "held out"):
        rows = [row for row in labels if row["held"] == part]
        for kind, truth in TRUTH.items():
            known = [(truth(row), row["path"] in flagged.get(kind, set())) for row in rows if truth(row) is not None]
            hits = sum(bool(true and found) for true, found in known)
            recall, precision = (sum(bool(pair[at]) for pair in known) for at in (0, 1))
            print(f"{part} {kind:14} recall {share(hits, recall)}, precision {share(hits, precision)}")
        for wanted, name in (("0", "unsuitable"), ("1", "suitable")):
            paths = [row["path"] for row in rows if row["suitable"] == wanted]
            print(f"{part} {name} for the curator: flagged {share(len(set(paths) & set(asking['path'])), len(paths))}")
    for row in labels:
        is_flagged = row["path"] in set(asking["path"])
        if row["held"] == "held out" and row["suitable"] == ("1" if is_flagged else "0"):
            kinds = sorted(kind for kind, paths in flagged.items() if row["path"] in paths and kind != "any text")
            print(f"    {row['suitable']=} {','.join(kinds) or 'missed':24} {row['path'][:50]:50} {row['note']}")


@pytest.mark.parametrize("reads_text", [False, True])
def test_labelled_web_images(shared_data: Path, tmp_path: Path, reads_text: bool) -> None:
    if reads_text and not text.installed():
        pytest.skip("needs the extra text")
    labels = labelled(shared_data)
    folder = linked(labels, shared_data, tmp_path / "set")
    config = Config.model_validate({"profile": "faces", "text": reads_text, "judge": WHOLE})
    audit = curate.audit(folder, tmp_path / "ws", configuration=config, engine="local:1")
    print({step: f"{1000 * spent / len(audit.images):.1f} ms" for step, spent in audit.seconds.items()})
    tell(audit.findings, labels)
    if not reads_text:
        return
    print("with embeddings:")
    audit = curate.audit(folder, tmp_path / "ws", engine="local:1", embeddings=True)
    print({step: f"{1000 * spent / len(audit.images):.1f} ms" for step, spent in audit.seconds.items()})
    tell(audit.findings, labels)


def test_covered_faces(shared_data: Path, tmp_path: Path) -> None:
    """`face_covered` speaks where no other kind of the profile does, so that part is told apart."""
    labels = [row for row in [*labelled(shared_data), *covered_labels(shared_data)] if is_covered(row) is not None]
    folder = linked(labels, shared_data, tmp_path / "set")
    config = Config.model_validate({"profile": "faces", "judge": WHOLE})
    audit = curate.audit(folder, tmp_path / "ws", configuration=config, engine="local:1")
    asking = audit.findings[audit.findings["category"] == "unsuitable"]
    found = set(asking.loc[asking["kind"] == "face_covered", "path"])
    others = set(asking.loc[asking["scanner"].isin(["faces", "drawing"]) & (asking["kind"] != "face_covered"), "path"])
    for part in ("tuned on", "held out"):
        rows = [row for row in labels if row["held"] == part]
        hidden = {row["path"] for row in rows if is_covered(row)}
        good = {row["path"] for row in rows if row["suitable"] == "1"} - hidden
        paths = {row["path"] for row in rows}
        told_by_others, left = hidden & others, hidden - others
        print(f"{part}: of {len(hidden)} covered {len(told_by_others)} are told by other kinds")
        print(f"{part}: of the rest found {share(len(left & found), len(left))}")
        print(f"{part}: precision {share(len(hidden & found), len(paths & found))}")
        print(f"{part}: good images flagged {share(len(good & found), len(good))}")
        for row in rows:
            if (row["path"] in found) != (row["path"] in left):
                print(f"    {'flagged' if row['path'] in found else 'missed':8} {row['path'][:60]:60} {row['note']}")


def test_face_crops(shared_data: Path, tmp_path: Path) -> None:
    config = Config.model_validate({"profile": "faces", "judge": WHOLE})
    audit = curate.audit(shared_data / "fer2013-3class.zip", tmp_path / "ws", configuration=config, engine="local:1")
    for kind, paths in audit.findings[audit.findings["category"] == "unsuitable"].groupby("kind")["path"]:
        print(f"FER-2013 {kind}: {paths.nunique() / len(audit.images):.2%} flagged")
    print({step: f"{1000 * spent / len(audit.images):.2f} ms" for step, spent in audit.seconds.items()})


def test_ordinary_photos(shared_data: Path, tmp_path: Path) -> None:
    audit = curate.audit(shared_data / "photos", tmp_path / "ws")
    queued = audit.findings[(audit.findings["scanner"] == "quality") & (audit.findings["severity"] != "info")]
    hit = queued["path"].nunique()
    print(f"photos: {hit} of {len(audit.images)} queued by the quality checks together")
    assert hit <= 0.005 * len(audit.images)
