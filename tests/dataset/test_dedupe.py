"""Duplicates among images of several sources: found wherever they lie, each image measured once."""

from pathlib import Path

import pytest

from curate.auditing import measurement
from curate.dataset.dedupe import Deduplicator, Grouped, Location, _joined
from curate.duplicates import kinds
from curate.findings import Finding
from curate.i18n import msg
from curate.schema import Severity
from tests import sample_images
from tests.sources.test_sources import tar


def test_duplicates_are_found_across_sources_and_bear_the_smallest_hash_of_their_group(tmp_path: Path) -> None:
    photo = sample_images.photo(1)
    sample_images.save(photo, tmp_path / "folder" / "a.jpg")
    sample_images.save(sample_images.photo(2), tmp_path / "folder" / "b.jpg")
    shard = tar(tmp_path / "shards" / "0.tar", {"x/c.jpg": sample_images.encode(photo, quality=70)})
    images = [
        Location(str(tmp_path / "folder"), "a.jpg"),
        Location(str(tmp_path / "folder"), "b.jpg"),
        Location(str(shard.parent), "0.tar/x/c.jpg"),
    ]
    first, other, copy = Deduplicator(tmp_path / "scratch").groups(images)
    assert first.group == copy.group == min(str(first.sha256), str(copy.sha256))
    assert first.sha256 != copy.sha256
    assert other.group == other.sha256
    assert {found.status for found in (first, other, copy)} == {"ok"}


def test_an_image_is_measured_once_however_often_groups_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_images.dataset(tmp_path / "set", each=3)
    images = [
        Location(str(tmp_path / "set"), f"{label}/{index:03}.jpg") for label in ("cats", "dogs") for index in range(3)
    ]
    measured = []
    monkeypatch.setattr(
        measurement, "measure", lambda run, records, real=measurement.measure: measured.append(real(run, records)[0])
    )
    deduplicator = Deduplicator(tmp_path / "scratch")
    whole = [deduplicator.groups(images[:4]), deduplicator.groups(images), deduplicator.groups(images[2:])]
    assert measured == [4, 2, 0]
    assert whole[0] == whole[1][:4]
    assert whole[2] == whole[1][2:]


def test_an_image_that_cannot_be_read_is_a_row_and_nobodys_duplicate(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    broken, gone, same = Deduplicator(tmp_path / "scratch").groups(
        [Location(str(tmp_path), name) for name in ("broken.jpg", "gone.jpg", "broken.jpg")]
    )
    assert broken.status == "error"
    assert broken.sha256 is not None
    assert broken == same
    assert gone == Grouped(None, "error", "0/gone.jpg")


def finding(path: str, group: str, severity: Severity | None = None) -> Finding:
    return Finding(
        kind=kinds.SAME_BYTES, path=path, score=1.0, message=msg("the same"), group_id=group, severity=severity
    )


def test_groups_that_share_an_image_are_one_and_informative_findings_join_nothing() -> None:
    hashes: dict[str, str | None] = {path: f"hash-{path}" for path in "abcdef"}
    found = [
        finding("c", "1"), finding("b", "1"),
        finding("b", "2"), finding("a", "2"),
        finding("d", "3", Severity.INFO), finding("e", "3", Severity.INFO),
    ]  # fmt: skip
    assert _joined(hashes, found) == {
        "a": "hash-a", "b": "hash-a", "c": "hash-a", "d": "hash-d", "e": "hash-e", "f": "hash-f"
    }  # fmt: skip
