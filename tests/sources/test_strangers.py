"""What a stranger has written into a table or a name is a path below the source, or nothing: no address, no way out."""

from pathlib import Path

import pytest

import curate
from curate.dataset import manifest as manifests
from curate.errors import SourceError
from curate.sources import objects, open_source, source_at
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
