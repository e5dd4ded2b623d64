"""What the reviewer's page gets of an image: how a copy lies, in how small a copy it is shown, what is known of it."""

from pathlib import Path

import numpy as np
import pytest

import curate
from curate.reviewing.queue import Item
from curate.schema import Role
from tests import sample_images

pytest.importorskip("streamlit")

from curate.ui import payload


def test_a_copy_is_its_keeper_mirrored_and_then_turned_as_the_page_does_it(tmp_path: Path) -> None:
    photo = sample_images.photo(3, 256, 192)
    copies = {f"{mirror}{turns}.png": (mirror, turns) for mirror in (0, 1) for turns in range(4) if mirror or turns}
    sample_images.save(photo, tmp_path / "set" / "0.png")
    for name, (mirror, turns) in copies.items():
        copy = np.rot90(photo[:, ::-1] if mirror else photo, -turns)
        sample_images.save(np.ascontiguousarray(copy), tmp_path / "set" / name)
    found = curate.audit(tmp_path / "set", tmp_path / "ws", engine="serial").findings
    keeper = found.loc[found["role"] == Role.KEEPER, "path"].iloc[0]
    pixels = {name: np.rot90(photo[:, ::-1] if mirror else photo, -turns) for name, (mirror, turns) in copies.items()}
    pixels["0.png"] = photo
    rows = found[found["kind"].isin(["mirrored", "rotated"])].to_dict("records")
    assert {row["path"] for row in rows if row["role"] == Role.COPY} == pixels.keys() - {keeper}
    for row in rows:
        lies = payload.lies([row])
        if row["role"] == Role.KEEPER:
            assert lies is None
            continue
        assert lies is not None
        shown = pixels[keeper][:, ::-1] if lies["mirrored"] else pixels[keeper]
        assert np.array_equal(np.rot90(shown, -lies["quarters"]), pixels[row["path"]]), row["path"]


def row(path: str, action: str | None) -> dict[str, object]:
    return {"path": path, "action": action, "new_label": None, "role": "copy"}


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        pytest.param([None, None, None], "", id="nothing yet"),
        pytest.param(["drop", "drop", "drop"], "decided: Drop", id="all alike"),
        pytest.param([None, "drop", "drop"], "Drop: 2", id="some of them"),
        pytest.param(["keep", "drop", "drop"], "decided: Keep: 1; Drop: 2, 3", id="by their numbers"),
    ],
)
def test_a_group_says_what_has_been_decided_of_which_of_its_images(actions: list[str | None], told: str) -> None:
    rows = [row(f"{number}.jpg", action) for number, action in enumerate(actions)]
    assert payload.decided(Item(item_id="i", is_group=True, rank=0, findings=rows)) == told


def test_facts_are_those_of_the_image_table() -> None:
    known = {"label": "cats", "width": 1200, "height": 80, "size_bytes": 4321, "format": "PNG", "mode": "RGB"}
    found = dict(payload.facts(known | {"frames": 1, "status": "warning", "split": None, "sha256": "0123456789abcdef"}))
    assert found == {
        "Class": "cats",
        "Pixels": "1,200 x 80",
        "Size in bytes": "4,321",
        "Format": "PNG",
        "Colour mode": "RGB",
        "Frames": "1",
        "Decoder": "damaged",
        "Split": "",
        "SHA-256": "0123456789ab",
    }
