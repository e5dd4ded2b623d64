"""A cleaned dataset as folders of images with annotations beside them: for FiftyOne, and for Label Studio."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import pandas as pd

from curate.dataset.flags import Flag
from curate.dataset.layouts import ExportTarget, write_files
from curate.options import Mode

Flags = Mapping[tuple[str, str], Sequence[Flag]]
"""The findings about an image, by its path and sha256."""
FIFTYONE_FOLDER, LABEL_STUDIO_FOLDER = "data", "images"
QUESTION, SHOWN = "choice", "image"
"""What the labelling configuration calls its question, and what is shown with it."""


def write_fiftyone(images: pd.DataFrame, mode: Mode, target: ExportTarget, flags: Flags) -> dict[str, str]:
    """Write images below `data/` and `samples.json`: class as `ground_truth`, split as tag, a field for each kind.

    Without a version in `metadata.json` FiftyOne imports the samples one by one, and makes the fields that they have.
    Returns the sha256 of every file, by its name.
    """
    images = _below(FIFTYONE_FOLDER, images)
    sums = write_files(images, mode, target, with_tables=False, by_split=False)
    samples = [_sample(row, flags.get((row.path, row.sha256), ())) for row in images.itertuples(index=False)]
    classes = sorted(set(images["final_label"].dropna()))
    facts = {"name": "curate", "media_type": "image", "info": {"classes": classes}}
    return sums | _put(target, {"samples.json": _json({"samples": samples}), "metadata.json": _json(facts)})


def write_label_studio(images: pd.DataFrame, mode: Mode, target: ExportTarget, flags: Flags) -> dict[str, str]:
    """Write images below `images/`, `tasks.json` and `config.xml`: what is doubtful is asked, all else is answered.

    Doubtful labels come first, the most doubtful at the top, with the class that a finding suggests as a prediction.
    `decide --from-label-studio` takes the answers. Returns the sha256 of every file, by its name.
    """
    images = _below(LABEL_STUDIO_FOLDER, images)
    sums = write_files(images, mode, target, with_tables=False, by_split=False)
    tasks = [_task(row, flags.get((row.path, row.sha256), ())) for row in images.itertuples(index=False)]
    tasks.sort(key=lambda task: (bool(task["annotations"]), -max((p["score"] for p in task["predictions"]), default=0)))
    suggested = {flag.suggested for found in flags.values() for flag in found if flag.suggested}
    classes = sorted({*images["final_label"].dropna(), *suggested})
    return sums | _put(target, {"tasks.json": _json(tasks), "config.xml": _config(classes)})


def doubts(flags: Iterable[Flag]) -> list[Flag]:
    """Select the findings that say that a class may be wrong, the surest first."""
    return sorted((flag for flag in flags if flag.doubts_label), key=lambda flag: -flag.score)


def _below(folder: str, images: pd.DataFrame) -> pd.DataFrame:
    paths = [f"{folder}/{path}" for path in images["exported_path"]]
    return images.assign(exported_path=pd.Series(paths, images.index, dtype=object))


def _sample(row: Any, flags: Sequence[Flag]) -> dict[str, Any]:
    sample: dict[str, Any] = {
        "filepath": row.exported_path,
        "tags": [] if row.split is None else [row.split],
        "ground_truth": None if row.final_label is None else _classification(row.final_label),
        "split": row.split,
        "source_path": row.path,
        "sha256": row.sha256,
    }
    for flag in flags:
        sample[flag.kind] = _classification(flag.severity, confidence=flag.score, reason=flag.reason)
    return sample


def _classification(label: str, **more: Any) -> dict[str, Any]:
    return {"_cls": "Classification", "label": label, **more}


def _task(row: Any, flags: Sequence[Flag]) -> dict[str, Any]:
    doubtful = doubts(flags)
    answered = row.final_label is not None and not doubtful
    guesses = [_guess(flag, row.final_label) for flag in doubtful[:1]]
    return {
        "data": {
            "image": f"/data/local-files/?d={quote(row.exported_path)}",
            "label": row.final_label,
            "split": row.split,
            "path": row.path,
            "sha256": row.sha256,
            "reason": "; ".join(flag.reason for flag in doubtful),
        },
        "annotations": [{"result": [_choice(row.final_label)]}] if answered else [],
        "predictions": [guess for guess in guesses if guess["result"]],
    }


def _guess(flag: Flag, label: str | None) -> dict[str, Any]:
    chosen = flag.suggested or label
    result = [] if chosen is None else [_choice(chosen)]
    return {"model_version": f"curate {flag.kind}", "score": flag.score, "result": result}


def _choice(label: str) -> dict[str, Any]:
    return {"from_name": QUESTION, "to_name": SHOWN, "type": "choices", "value": {"choices": [label]}}


def _config(classes: Iterable[str]) -> bytes:
    choices = "".join(f"    <Choice value={quoteattr(label)}/>\n" for label in classes)
    return (
        f'<View>\n  <Image name="{SHOWN}" value="$image"/>\n  <Text name="reason" value="$reason"/>\n'
        f'  <Choices name="{QUESTION}" toName="{SHOWN}" choice="single">\n{choices}  </Choices>\n</View>\n'
    ).encode()


def _json(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _put(target: ExportTarget, documents: Mapping[str, bytes]) -> dict[str, str]:
    for name, data in documents.items():
        target.put(name, data)
    return {name: hashlib.sha256(data).hexdigest() for name, data in documents.items()}
