"""What is unsuitable, against labels made by eye: `pytest tests/benchmarks/test_unsuitable.py -s`.

Every third labelled image, by path, was left out of choosing thresholds and of fitting, and is reported apart.
Each figure twice: as an audit gives it, and with the embeddings of `curate train embed`.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.scanners import text

pytestmark = pytest.mark.shared
Row = dict[str, str]
WHOLE = {"prevalence": 1.0}
"""Every kind is told, however many images it hits."""
TRUTH: dict[str, Callable[[Row], bool | None]] = {
    "no_face": lambda row: None if row["faces"] in ("u", "") else row["faces"] == "0",
    "several_faces": lambda row: None if row["faces"] in ("u", "") else int(row["faces"]) > 1,
    "small_face": lambda row: _known(row["face_small"]),
    "drawing": lambda row: _known(row["drawing"]),
    "text_overlay": lambda row: _known(row["text"]),
}


def _known(value: str) -> bool | None:
    return None if value not in ("0", "1") else value == "1"


def tell(findings: pd.DataFrame, labels: list[Row]) -> None:
    """Print recall and precision per kind, and what the curator's own verdict says."""
    asking = findings[(findings["category"] != "duplicate") & (findings["severity"] != "info")]
    flagged = {kind: set(asking.loc[asking["kind"] == kind, "path"]) for kind in asking["kind"].unique()}
    for part, chosen in (("tuned on", (1, 2)), ("held out", (0,))):
        rows = [row for index, row in enumerate(labels) if index % 3 in chosen]
        for kind, truth in TRUTH.items():
            known = [(truth(row), row["path"] in flagged.get(kind, set())) for row in rows if truth(row) is not None]
            hits = sum(bool(true and found) for true, found in known)
            recall = hits / max(1, sum(bool(true) for true, _ in known))
            precision = hits / max(1, sum(found for _, found in known))
            print(f"{part} {kind:14} recall {recall:.2f}, precision {precision:.2f} ({len(known)} images)")
        for wanted, name in (("0", "unsuitable"), ("1", "suitable")):
            paths = [row["path"] for row in rows if row["suitable"] == wanted]
            share = len(set(paths) & set(asking["path"])) / len(paths)
            print(f"{part} {name} for the curator: {share:.2f} flagged ({len(paths)} images)")


def test_labelled_web_images(shared_data: Path, tmp_path: Path) -> None:
    with (shared_data / "web-emotions-labels.csv").open() as file:
        labels = sorted(csv.DictReader(file), key=lambda row: row["path"])
    for row in labels:
        (tmp_path / "set" / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / row["path"]).symlink_to(shared_data / "web-emotions" / row["path"])
    config = Config.model_validate({"profile": "faces", "text": text.installed(), "judge": WHOLE})
    audit = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=config)
    print({step: f"{1000 * spent / len(audit.images):.1f} ms" for step, spent in audit.seconds.items()})
    tell(audit.findings, labels)
    pytest.importorskip("torch")
    from curate.train import embeddings

    embeddings.embed(tmp_path / "ws")
    print("with embeddings:")
    tell(curate.judge(tmp_path / "ws"), labels)


def test_face_crops(shared_data: Path, tmp_path: Path) -> None:
    config = Config.model_validate({"profile": "faces", "judge": WHOLE})
    audit = curate.audit(shared_data / "fer2013-3class.zip", tmp_path / "ws", configuration=config)
    for kind, paths in audit.findings[audit.findings["category"] == "unsuitable"].groupby("kind")["path"]:
        print(f"FER-2013 {kind}: {paths.nunique() / len(audit.images):.2%} flagged")
    print({step: f"{1000 * spent / len(audit.images):.2f} ms" for step, spent in audit.seconds.items()})


def test_ordinary_photos(shared_data: Path, tmp_path: Path) -> None:
    audit = curate.audit(shared_data / "photos", tmp_path / "ws")
    queued = audit.findings[(audit.findings["scanner"] == "quality") & (audit.findings["severity"] != "info")]
    hit = queued["path"].nunique()
    print(f"photos: {hit} of {len(audit.images)} queued by the quality checks together")
    assert hit <= 0.005 * len(audit.images)
