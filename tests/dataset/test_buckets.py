"""Training sets are built of images in buckets as of files. The store is a real S3 server on this machine."""

from collections import Counter
from pathlib import Path

import curate
from tests import sample_images
from tests.sources.test_remote import bucket, endpoint, upload  # noqa: F401


def test_own_images_and_those_of_an_extension_may_lie_in_a_bucket(tmp_path: Path, bucket: str) -> None:  # noqa: F811
    sample_images.dataset(tmp_path / "own", each=3)
    for number, path in enumerate(("cats/1.png", "cats/2.png", "dogs/1.png")):
        sample_images.save(sample_images.photo(500 + number), tmp_path / "more" / path)
    for name in ("own", "more"):
        upload(tmp_path / name, f"{bucket}/{name}")
    curate.audit(f"{bucket}/own", tmp_path / "ws")
    curate.manifest(tmp_path / "ws", tmp_path / "m.csv", pending="keep")
    (tmp_path / "r.toml").write_text(f'[[extend]]\nsource = "{bucket}/more"\n')
    built = curate.build(tmp_path / "r.toml", tmp_path / "set", manifest=tmp_path / "m.csv", source=f"{bucket}/own")
    assert Counter(zip(built.table["origin"], built.table["label"], strict=True)) == {
        ("own", "cats"): 3, ("own", "dogs"): 3, ("more", "cats"): 2, ("more", "dogs"): 1
    }  # fmt: skip
    for row in built.table.itertuples():
        assert (tmp_path / "set" / row.path).read_bytes() == (tmp_path / row.origin / row.origin_path).read_bytes()
