"""Faces against labels made by eye: `pytest tests/benchmarks/test_faces.py -s`.

Every third labelled picture, by path, was left out of choosing thresholds and is reported apart.
"""

import csv
from pathlib import Path

import pytest

import curate
from curate.config import Config

pytestmark = pytest.mark.shared


def test_faces_of_labelled_web_pictures(shared_data: Path, tmp_path: Path) -> None:
    config = Config.model_validate({"profile": "faces", "judge": {"prevalence": 1.0}})
    findings = curate.audit(shared_data / "web-emotions", tmp_path / "ws", configuration=config).findings
    with (shared_data / "web-emotions-labels.csv").open() as file:
        labels = sorted(csv.DictReader(file), key=lambda row: row["path"])
    flagged = {kind: set(findings.loc[findings["kind"] == kind, "path"]) for kind in findings["kind"].unique()}
    truths = {
        "no_face": lambda row: None if row["faces"] in ("u", "") else row["faces"] == "0",
        "several_faces": lambda row: None if row["faces"] in ("u", "") else int(row["faces"]) > 1,
        "small_face": lambda row: None if row["face_small"] not in ("0", "1") else row["face_small"] == "1",
    }
    for held_out in (False, True):
        rows = [row for index, row in enumerate(labels) if (index % 3 == 0) == held_out]
        for kind, truth in truths.items():
            known = [(truth(row), row["path"] in flagged.get(kind, set())) for row in rows if truth(row) is not None]
            hits = sum(bool(t) and f for t, f in known)
            recall = hits / max(1, sum(bool(t) for t, _ in known))
            precision = hits / max(1, sum(f for _, f in known))
            where = "held out" if held_out else "tuned on"
            print(f"{kind:14} {where}: recall {recall:.2f}, precision {precision:.2f} ({len(known)} pictures)")
    unsuitable = set(findings.loc[(findings["category"] != "duplicate") & (findings["severity"] != "info"), "path"])
    for wanted, name in (("0", "unsuitable"), ("1", "suitable")):
        chosen = [row["path"] for row in labels if row["suitable"] == wanted]
        share = sum(path in unsuitable for path in chosen) / len(chosen)
        print(f"{name} for the curator: {share:.2f} flagged ({len(chosen)} pictures)")


def test_faces_of_face_crops(shared_data: Path, tmp_path: Path) -> None:
    config = Config.model_validate({"profile": "faces", "judge": {"prevalence": 1.0}})
    audit = curate.audit(shared_data / "fer2013-3class.zip", tmp_path / "ws", configuration=config)
    for kind in ("no_face", "several_faces", "small_face"):
        print(f"FER-2013 {kind}: {(audit.findings['kind'] == kind).sum() / len(audit.images):.2%} flagged")
    print({step: f"{1000 * spent / len(audit.images):.2f} ms" for step, spent in audit.seconds.items()})
