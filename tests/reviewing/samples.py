"""Findings drawn up for the tests of this room: a group of three, an image of its own, and one that only informs."""

import json

import pandas as pd

from curate.reviewing.queue import Item
from curate.schema import FINDINGS

NOW = "2026-01-01T00:00:00Z"


def finding(path: str, kind: str = "blurry", **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "finding_id": f"{kind}:{path}",
        "category": "unsuitable",
        "kind": kind,
        "path": path,
        "label": path.split("/", 1)[0],
        "group_id": None,
        "role": "subject",
        "score": 0.5,
        "severity": "warning",
        "reason": f"{path} is {kind}.",
        "suggestion": "drop",
        "evidence": "{}",
        "scanner": "test",
        "scanner_version": 1,
        "message": json.dumps({"text": f"{path} is {kind}."}),
    }
    return row | more


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=FINDINGS.names, dtype=object)


def images(findings: pd.DataFrame, **hashes: str) -> pd.DataFrame:
    paths = sorted(set(findings["path"]))
    rows = [(path, path.split("/", 1)[0], hashes.get(path, f"sha-{path}")) for path in paths]
    return pd.DataFrame(rows, columns=["path", "label", "sha256"], dtype=object)


GROUP = table(
    finding("a/big", "resized", group_id="g", role="keeper", category="duplicate", score=0.0),
    finding("a/small", "resized", group_id="g", role="copy", category="duplicate", score=0.9),
    finding("a/tiny", "resized", group_id="g", role="copy", category="duplicate", score=0.8),
    finding("a/tiny", "blurry"),
    finding("b/x", score=0.7),
    finding("b/y", score=0.6, severity="info"),
)
QUEUE = table(*(finding(f"a/{index}") for index in range(4)))


def ids(items: list[Item]) -> list[str]:
    return [item.item_id for item in items]
