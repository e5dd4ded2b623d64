"""What a stranger has written into a table or a name is a path below the source, or nothing: no address, no way out."""

import copy
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import curate
from curate.dataset import manifest as manifests
from curate.errors import SourceError
from curate.sources import archive, objects, open_source, source_at
from curate.sources.address import is_below, join, located
from curate.storage import safe_csv
from curate.storage.names import printable
from tests import sample_images
from tests.dataset.handmade import Row, manifest

JPEG = sample_images.encode(sample_images.photo(1, 20, 20))


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("a/b.jpg", True),
        ("a..b/..c", True),
        ("", False),
        ("/etc/hostname", False),
        ("../b", False),
        ("a/../../b", False),
        ("a/..", False),
        ("a\\..\\b", False),
        ("http://host/x", False),
        ("s3:/bucket/x", False),
    ],
)
def test_a_path_is_below_its_root_or_it_is_none(path: str, below: bool) -> None:
    assert is_below(path) is below


@pytest.mark.parametrize(
    ("root", "path", "address"),
    [
        ("/data", "a/1.jpg", "/data/a/1.jpg"),
        ("/", "a", "/a"),
        ("/data", "/etc/x", "/data//etc/x"),
        ("/data", "http://host/x", "/data/http://host/x"),
        ("s3://bucket/", "a", "s3://bucket/a"),
        ("s3:/bucket", "http://host/x", "s3://bucket/http://host/x"),
    ],
)
def test_what_is_put_below_a_root_stays_there(root: str, path: str, address: str) -> None:
    assert join(root, path) == address


def test_what_a_person_names_may_lie_anywhere() -> None:
    assert located("/here", "../there/x") == "/there/x"
    assert located("/here", "/abs") == "/abs"
    assert located("/here", "s3://bucket/x") == "s3://bucket/x"
    assert located("s3://bucket/list", "x") == "s3://bucket/list/x"


def test_a_folder_called_as_a_url_begins_asks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    objects.put("memory://127.0.0.1/x.jpg", b"from elsewhere")
    odd = tmp_path / "src" / "memory:" / "127.0.0.1"
    odd.mkdir(parents=True)
    (odd / "x.jpg").write_bytes(JPEG)
    (record,) = open_source(tmp_path / "src").list().records
    assert source_at(tmp_path / "src").read(record.path) == JPEG
    assert source_at(tmp_path / "src").exists(record.path)
    assert curate.audit(tmp_path / "src", tmp_path / "ws").images["status"].tolist() == ["ok"]


def test_metadata_names_no_file_outside_its_folder_and_no_address(tmp_path: Path) -> None:
    source = tmp_path / "src"
    sample_images.save(sample_images.photo(1, 20, 20), source / "c" / "a.jpg")
    (tmp_path / "out.jpg").write_bytes(JPEG)
    named = ["c/a.jpg", "/etc/hostname", "../out.jpg", "http://127.0.0.1/x.jpg", "memory://x/y.jpg", "c/../c/a.jpg"]
    (source / "metadata.csv").write_text("file_name,label\n" + "".join(f"{name},cat\n" for name in named))
    listing = open_source(source).list()
    assert [(record.path, record.label) for record in listing.records] == [("c/a.jpg", "cat")]
    reason = "metadata.csv names a file outside its folder"
    assert {item.path for item in listing.skipped if item.reason == reason} == set(named[1:5])


@pytest.mark.parametrize("path", ["../../../evil.png", "/etc/hostname", "a/../../x.png", "http://127.0.0.1/x.png"])
def test_a_manifest_leads_nowhere_out_of_its_source(tmp_path: Path, path: str) -> None:
    written = manifest(tmp_path, Row("a/1.png", "a"))
    table = safe_csv.read(written)
    safe_csv.write(table.assign(path=path), written)
    with pytest.raises(SourceError, match=r"line 2: .* leads out of its source"):
        manifests.read(written)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("maçã\t1\n", "maçã\t1\n"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("a\rb\x7f\x9b", r"a\rb\x7f\x9b"),
        ("\u202egpj.x\u2069", r"\u202egpj.x\u2069"),
        ("caf\udce9", r"caf\xe9"),
    ],
)
def test_a_terminal_is_given_text_and_nothing_to_obey(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_a_name_that_leads_out_is_skipped_with_a_reason(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        for name in ("good.jpg", "../../evil.jpg", "a\\..\\..\\worse.jpg"):
            item = tarfile.TarInfo(name)
            item.size = len(JPEG)
            packed.addfile(item, io.BytesIO(JPEG))
    listing = open_source(tmp_path / "x.tar").list()
    assert [record.path for record in listing.records] == ["x.tar/good.jpg"]
    assert len([item for item in listing.skipped if "leads out" in item.reason]) == 2


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_in_a_tar_is_skipped_with_a_reason(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as packed:
        good, other = tarfile.TarInfo("good.jpg"), tarfile.TarInfo("other.jpg")
        good.size = len(JPEG)
        other.type, other.linkname = kind, "good.jpg"
        packed.addfile(good, io.BytesIO(JPEG))
        packed.addfile(other)
    listing = open_source(tmp_path / "x.tar").list()
    assert [record.path for record in listing.records] == ["x.tar/good.jpg"]
    assert [item.path for item in listing.skipped] == ["x.tar/other.jpg"]


def test_a_tar_whose_headers_point_backwards_is_one_line(tmp_path: Path) -> None:
    """Python's tarfile walks such a tar for ever (CVE-2025-8194)."""
    header = bytearray(tarfile.TarInfo("a.jpg").tobuf())
    header[124:136] = (-1024).to_bytes(12, "big", signed=True)  # base-256, as GNU has it for large sizes
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.tar").write_bytes(bytes(header) + bytes(2048))
    with pytest.raises(SourceError, match=r"damaged|cannot be read") as caught:
        open_source(tmp_path / "x.tar").list()
    assert "\n" not in str(caught.value)


def test_entries_that_share_bytes_do_not_unpack_to_more_than_images_could(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One packed megabyte, listed five hundred times: by its own word the archive packs 1:1."""
    monkeypatch.setattr(archive, "RATIO_FREE_BYTES", 1 << 20)
    data = bytes(np.random.default_rng(1).integers(0, 255, 1 << 18, dtype=np.uint8))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("a/00000.bin", data)
        first = packed.filelist[0]
        for number in range(1, 500):
            again = copy.copy(first)
            again.filename = again.orig_filename = f"a/{number:05}.bin"
            packed.filelist.append(again)
            packed.NameToInfo[again.filename] = again
        packed._didModify = True
    with pytest.raises(SourceError, match="times its size"):
        archive.unpack(tmp_path / "x.zip", tmp_path / "out")
    assert not [*(tmp_path / "out").glob("*")]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_broken_stream_of_any_codec_is_one_line(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as packed:
        packed.writestr("a/1.jpg", JPEG * 20)
    broken = bytearray((tmp_path / "x.zip").read_bytes())
    at = broken.index(b"1.jpg") + 5
    broken[at : at + 40] = b"\xff" * 40
    (tmp_path / "x.zip").write_bytes(bytes(broken))
    with pytest.raises(SourceError, match=r"damaged|cannot be read|cannot be unpacked") as caught:
        archive.unpack(tmp_path / "x.zip", tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_list_asks_no_address_that_nobody_has_named(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    objects.put("memory://bucket/x.jpg", JPEG)
    (tmp_path / "list.csv").write_text("url\nmemory://bucket/x.jpg\n")
    with pytest.raises(SourceError, match="--online"):
        open_source(tmp_path / "list.csv").list()
    listing = open_source(tmp_path / "list.csv", online=True).list()
    assert [record.path for record in listing.records] == ["x.jpg"]


def test_a_manifest_asks_no_address_that_nobody_has_named(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    objects.put("memory://bucket/a/1.png", b"a/1.png")
    written = manifest(tmp_path, Row("a/1.png", "a"))
    safe_csv.write(safe_csv.read(written).assign(source="memory://bucket"), written)
    with pytest.raises(SourceError, match="--source memory://bucket"):
        curate.export(written, tmp_path / "out")
    assert len(curate.export(written, tmp_path / "out", source="memory://bucket")) == 1


def test_a_name_that_no_file_may_have_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="longer than any file may have"):
        open_source(tmp_path / ("x" * 300))
    written = manifest(tmp_path, Row("a/1.png", "a"))
    safe_csv.write(safe_csv.read(written).assign(source="x" * 300), written)
    with pytest.raises(SourceError, match="longer than any file may have"):
        curate.export(written, tmp_path / "out")
