"""What the review surfaces are told of an item: its images as they can be shown, and every sentence about them."""

import base64
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from curate.duplicates.kinds import MIRRORED, ROTATED
from curate.duplicates.tiles import TRANSFORMS
from curate.findings import ACTION_TITLES
from curate.images.kinds import NEVER_DECODED
from curate.reviewing import boxes
from curate.reviewing.catalogue import Entry, ImageFilter
from curate.reviewing.choices import faults, survivor
from curate.reviewing.desk import shown
from curate.reviewing.exif import exif_summary
from curate.reviewing.fold import IMAGE
from curate.reviewing.previews import full_size
from curate.reviewing.queue import Item
from curate.reviewing.store import Store
from curate.schema import Action, Role, State
from curate.sources import Source
from curate.storage.workspace import Workspace
from curate.ui import dataset, images, session
from curate.ui.session import _

OTHERS = 4
SAMPLED = 8


@dataclass
class Painter:
    """Describes items of one workspace to the browser, in the language of this session."""

    workspace: Workspace
    source: Source
    _others: dict[str | None, list[Entry]] = field(default_factory=dict)

    def item(self, item: Item, store: Store) -> dict[str, Any]:
        """Describe an item: images as data addresses, findings, facts, and what is suggested."""
        side = images.GROUP_PX if item.is_group else images.LARGE_PX
        known = dataset.rows(self.workspace, item.paths)
        stays = survivor(item) if item.is_group else None
        label = item.findings[0]["label"]
        described = [self._image(item.of(path), path, known.get(path, {}), side) for path in item.paths]
        return {
            "id": item.item_id,
            "rank": item.rank,
            "seen": shown(item),
            "as_of": item.as_of,
            "group": item.is_group,
            "survivor": item.paths.index(stays) if stays is not None else -1,
            "decided": decided(item),
            "since": self._since_audit(described, known),
            "images": described,
            "others": [] if item.is_group else self._examples(label, item.paths[0], store),
        }

    def full(self, path: str, sha256: str | None) -> dict[str, str] | None:
        """Return an image at its own size; None where it cannot be shown."""
        data = full_size(self.source, path, sha256)
        return {"path": path, "src": address(data)} if data else None

    def tile(self, entry: Entry) -> dict[str, Any]:
        """Describe an image of a grid."""
        data = self._preview(entry.findings, entry.path, entry.sha256, images.GRID_PX)
        t = session.translator()
        findings = [row for row in entry.findings if row["role"] != Role.KEEPER] or list(entry.findings)
        return {
            "id": entry.path,
            "seen": shown(entry),
            "as_of": entry.as_of,
            "label": entry.label,
            "class": images.class_name(entry.label),
            "alt": _("{path}, class {label}", path=entry.path, label=images.class_name(entry.label)),
            "src": address(data) if data else None,
            "why": "" if data else images.why_not(self.source, entry.path, _kinds(entry.findings)),
            "state": entry.state,
            "standing": state_text(entry),
            "kinds": [f"{session.kind_title(row['kind'])} {t.number(row['score'], 2)}" for row in findings],
            "reasons": [t.reason(row) for row in findings],
            "item": entry.item_id,
        }

    def _image(self, rows: Sequence[dict[str, Any]], path: str, known: dict[str, Any], side_px: int) -> dict[str, Any]:
        sha256 = rows[0]["sha256"] if rows else known.get("sha256")
        label = rows[0]["label"] if rows else known.get("label")
        data = self._preview(rows, path, sha256, side_px)
        width, height = known.get("width") or 0, known.get("height") or 0
        own = {row["finding_id"] for row in faults(rows)}
        marks = boxes.boxes_of(rows)
        if marks and not width:
            marks = []
        return {
            "path": path,
            "label": label,
            "class": images.class_name(label),
            "alt": _("{path}, class {label}", path=path, label=images.class_name(label)),
            "src": address(data) if data else None,
            "why": "" if data else images.why_not(self.source, path, _kinds(rows)),
            "width": width,
            "height": height,
            "shown": min(1.0, side_px / max(width, height, 1)),
            "lies": lies(rows),
            "boxes": [
                {
                    "sort": box.what if box.what in boxes.COLOURS else "other",
                    "left": box.left,
                    "top": box.top,
                    "width": box.width,
                    "height": box.height,
                }
                for box in marks
            ],
            "findings": [_finding(row, row["finding_id"] in own) for row in rows if row["finding_id"] != IMAGE],
            "facts": facts(known),
        }

    def _since_audit(self, described: Sequence[dict[str, Any]], known: dict[str, dict[str, Any]]) -> str:
        """Say which files are not as they were when what is shown of them was audited, by their number in a group."""
        if not self.source.is_there():
            return ""
        told = []
        for number, image in enumerate(described, 1):
            row = known.get(image["path"])
            if image["src"] and row:
                text = images.since_audit(self.source, image["path"], row["size_bytes"], self._audited_s)
                told += [f"{number}. {text}" if len(described) > 1 else text] if text else []
        return " ".join(told)

    @cached_property
    def _audited_s(self) -> float:
        """The second that the audit noted; the end of time where it is of a version that noted none."""
        noted = self.workspace.read_audit().get("audited_at")
        return datetime.fromisoformat(noted).timestamp() if noted else math.inf

    def _preview(self, rows: Sequence[Any], path: str, sha256: str | None, side_px: int) -> bytes | None:
        if _kinds(rows) & NEVER_DECODED:
            return None
        return images.preview_bytes(self.workspace, self.source, path, sha256, side_px)

    def _examples(self, label: str | None, path: str, store: Store) -> list[dict[str, str]]:
        """Return small images of a class that nothing is wrong with, or that a person kept."""
        if label not in self._others:
            good = ImageFilter(labels=frozenset({label}), states=frozenset({State.CLEAR, State.KEPT}))
            number = store.catalogue.count(good)
            starts = sorted({place * number // SAMPLED for place in range(min(SAMPLED, number))})
            found = (store.catalogue.find(good, start=start, limit=1) for start in starts)
            self._others[label] = [entry for page in found for entry in page]
        shown_here = []
        for entry in self._others[label]:
            data = self._preview(entry.findings, entry.path, entry.sha256, images.GRID_PX)
            if data is not None and entry.path != path:
                alt = _("{path}, class {label}", path=entry.path, label=images.class_name(label))
                shown_here.append({"path": entry.path, "src": address(data), "alt": alt})
        return shown_here[:OTHERS]


def lies(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return how a copy lies when its keeper is upright: mirrored left to right, then turned clockwise by quarters."""
    for row in rows:
        if row["kind"] in (MIRRORED.name, ROTATED.name) and row["role"] == Role.COPY:
            transform = json.loads(row["evidence"]).get("transform")
            if transform in TRANSFORMS:
                mirrored, quarters = TRANSFORMS[transform]
                return {"mirrored": mirrored, "quarters": quarters}
    return None


def exif_rows(source: Source, path: str, sha256: str | None) -> list[tuple[str, str]]:
    """Return what a camera wrote into a file, named for people."""
    written = exif_summary(source, path, sha256)
    values = {name: _("yes") if text == "yes" else text for name, text in written.items()}
    return [(_(images.EXIF.get(name, name)), text) for name, text in values.items()]


def address(data: bytes) -> str:
    """Return an image as an address that holds all of it, so that the page fetches nothing."""
    sort = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{sort};base64,{base64.b64encode(data).decode()}"


def facts(known: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the audit knows of a file, the same names in the same order for every image."""
    number = session.translator().number
    status = {"ok": _("sound"), "warning": _("damaged"), "error": _("unreadable")}
    shown_facts = {
        _("Class"): known.get("label"),
        _("Pixels"): f"{number(known['width'])} x {number(known['height'])}" if known.get("width") else None,
        _("Size in bytes"): number(known.get("size_bytes") or 0),
        _("Format"): known.get("format"),
        _("Colour mode"): known.get("mode"),
        _("Frames"): known.get("frames"),
        _("Decoder"): status.get(known.get("status", "")),
        _("Split"): known.get("split"),
        "SHA-256": (known.get("sha256") or "")[:12],
    }
    return [(name, str(value) if value else "") for name, value in shown_facts.items()]


def decided(item: Item) -> str:
    """Say what has been decided about an item, image by image where they differ; nothing while it waits."""
    found: dict[str, list[str]] = {}
    for row in item.findings:
        if row["action"]:
            found.setdefault(_action_text(row["action"], row["new_label"]), []).append(row["path"])
    if not found:
        return ""
    everywhere = {path for paths in found.values() for path in paths}
    if len(found) == 1:
        (text,) = found
        return (
            _("decided: {action}", action=text) if len(everywhere) == len(item.paths) else f"{text}: {len(everywhere)}"
        )
    number = {path: index for index, path in enumerate(item.paths, start=1)}
    lines = [
        f"{text}: {', '.join(str(number[path]) for path in dict.fromkeys(paths))}" for text, paths in found.items()
    ]
    return _("decided: {action}", action="; ".join(lines))


def state_text(entry: Entry) -> str:
    """Say where an image stands in the review, and who decided it."""
    titles = state_titles()
    text = titles[entry.state]
    if entry.new_label:
        text += f" → {entry.new_label}"
    return f"{text} ({entry.reviewer})" if entry.reviewer else text


def state_titles() -> dict[State, str]:
    """Return where an image can stand, as people read it."""
    return {
        State.CLEAR: _("not flagged"),
        State.UNDECIDED: _("undecided"),
        State.LATER: _("later"),
        State.KEPT: _("kept"),
        State.DROPPED: _("dropped"),
        State.RELABELLED: _("relabelled"),
    }


def _finding(row: dict[str, Any], is_fault: bool) -> dict[str, Any]:
    t = session.translator()
    text = _action_text(row["action"], row["new_label"]) if row["action"] else ""
    if row["stale"]:
        text = _("decided about other bytes; decide again")
    return {
        "title": session.kind_title(row["kind"]),
        "score": t.number(row["score"], 2),
        "reason": t.reason(row),
        "keeper": row["role"] == Role.KEEPER,
        "fault": is_fault,
        "decided": text,
    }


def _action_text(action: str, label: str | None) -> str:
    text = _(ACTION_TITLES[Action(action)])
    return f"{text} → {label}" if label else text


def _kinds(rows: Iterable[Any]) -> set[str]:
    return {row["kind"] for row in rows if "kind" in row}
