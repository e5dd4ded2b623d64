"""Formats that take a package: whole files are told apart from broken ones, and read once the package is there."""

from pathlib import Path

import pytest
from PIL import Image

import curate
from curate.config import DecodeLimits
from curate.images import codecs, kinds
from curate.images.decode import decode
from curate.schema import Severity
from tests.sample_images import encode, photo

AVIF = encode(photo(1), "AVIF")
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def forget(patch: pytest.MonkeyPatch) -> None:
    """Make of Pillow one that knows neither AVIF nor HEIC, as 10.3 is without a plug-in."""
    Image.init()
    patch.setattr(codecs, "_learn_heif", lambda: None)
    patch.setattr(Image, "ID", [name for name in Image.ID if name not in ("AVIF", "HEIF")])
    for known in (Image.OPEN, Image.SAVE):
        for name in ("AVIF", "HEIF"):
            patch.delitem(known, name, raising=False)


@pytest.mark.parametrize(
    ("data", "package"),
    [pytest.param(AVIF, "Pillow>=11.3", id="AVIF"), pytest.param(HEIC, "imagecurate[heic]", id="HEIC")],
)
def test_what_lacks_a_package_is_unsupported_and_says_which(
    data: bytes, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(monkeypatch)
    problem = decode(data, DecodeLimits()).problems[-1]
    assert (problem.kind, problem.severity) == (kinds.UNSUPPORTED, Severity.WARNING)
    assert f'pip install "{package}"' in problem.reason


def test_what_lacked_a_package_is_measured_again_once_that_is_there(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.avif").write_bytes(AVIF)
    (source / "b.png").write_bytes(encode(photo(2), "PNG"))
    with pytest.MonkeyPatch.context() as patch:
        forget(patch)
        before = curate.audit(source, tmp_path / "ws", engine="serial")
        assert before.findings[["path", "kind"]].to_numpy().tolist() == [["a.avif", "unsupported"]]
        assert curate.audit(source, tmp_path / "ws", engine="serial").measured == 0, "it is still not there"
    after = curate.audit(source, tmp_path / "ws", engine="serial")
    assert after.measured == 1
    assert after.images["status"].tolist() == ["ok", "ok"]
    assert after.findings.empty
