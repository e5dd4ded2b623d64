"""Every scanner keeps the contract; each check flags what it should and leaves the rest alone."""

import hashlib
import json
from pathlib import Path

import cv2
import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from curate import scanners
from curate.auditing import judge as judging
from curate.config import Config, DecodeLimits, JudgeSettings
from curate.duplicates import candidates
from curate.duplicates.candidates import transformed_hashes
from curate.duplicates.hashing import low_frequencies, stored
from curate.duplicates.tiles import TRANSFORMS, transformed
from curate.errors import ConfigError
from curate.i18n import Message
from curate.images.image import DecodedImage, Pixels
from curate.measuring import features
from curate.measuring import shard as parts
from curate.measuring.shard import Shard
from curate.measuring.work import measure_shard
from curate.scanners import Scanner
from curate.scanners.duplicates import Duplicates
from curate.scanners.integrity import Integrity
from curate.scanners.quality import Quality, QualitySettings
from curate.schema import Role
from curate.sources import Record, source_at
from tests import sample_images

ALL = scanners.load(Config())


def measured(folder: Path, *, chosen: list[Scanner] | None = None) -> pd.DataFrame:
    """Measure every file below a folder, in this process, as an audit does."""
    chosen = ALL if chosen is None else chosen
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    records = []
    for path in files:
        name = path.relative_to(folder)
        status = path.stat()
        records.append(
            Record(
                name.as_posix(),
                name.parts[0] if len(name.parts) > 1 else None,
                None,
                status.st_size,
                status.st_mtime_ns,
            )
        )
    parts = folder.parent / f"{folder.name}-parts"
    parts.mkdir(exist_ok=True)
    shard = Shard(
        source=source_at(folder),
        records=tuple(records),
        scanners=tuple(chosen),
        limits=DecodeLimits(),
        part=parts / "part-0000001.parquet",
    )
    measure_shard(shard)
    return features.load(records, features.parts(parts, chosen), chosen)


def judged(folder: Path, scanner: Scanner) -> pd.DataFrame:
    """What one scanner finds in a folder."""
    settings = JudgeSettings(prevalence=1.0)
    return judging.judge(measured(folder, chosen=[scanner]), [scanner], settings).findings


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of every sort, broken ones among them."""
    root = sample_images.dataset(tmp_path_factory.mktemp("mixed") / "set", each=4)
    (root / "cats" / "empty.jpg").write_bytes(b"")
    sample_images.save(np.full((100, 140, 3), 255, np.uint8), root / "cats" / "white.png")
    (root / "dogs" / "cut.jpg").write_bytes(sample_images.encode(sample_images.photo(1))[:-500])
    sample_images.save(sample_images.photo(2, 8, 8), root / "dogs" / "tiny.png")
    sample_images.save(sample_images.photo(1000)[:, ::-1].copy(), root / "dogs" / "mirror.webp")
    return root


@pytest.mark.parametrize("scanner", ALL, ids=lambda scanner: scanner.name)
class TestContract:
    def test_it_measures_exactly_the_columns_it_declares(self, scanner: Scanner) -> None:
        image = DecodedImage(pixels=sample_images.photo(1), width=160, height=120)
        assert set(scanner.measure(image)) == set(scanner.columns)

    @pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (2, 2, 3), (33, 31, 3)])
    def test_it_measures_an_image_of_any_shape(self, scanner: Scanner, shape: tuple[int, int, int]) -> None:
        scanner.measure(DecodedImage(pixels=np.zeros(shape, np.uint8), width=shape[1], height=shape[0]))

    @pytest.mark.parametrize("bands", [1, 3])
    def test_it_measures_the_same_in_a_batch_as_alone(self, scanner: Scanner, bands: int) -> None:
        def images() -> list[DecodedImage]:
            pixels = [sample_images.photo(seed, 60, 44)[:, :, :bands].squeeze() for seed in range(7)]
            return [DecodedImage(pixels=np.ascontiguousarray(each), width=60, height=44) for each in pixels]

        assert list(scanner.measure_batch(images())) == [scanner.measure(image) for image in images()]

    def test_judging_is_repeatable_and_does_not_change_the_features(self, scanner: Scanner, mixed: Path) -> None:
        frame = features.view(measured(mixed), scanner)
        before = frame.copy(deep=True)
        first, second = list(scanner.judge(frame)), list(scanner.judge(frame))
        assert first == second
        pd.testing.assert_frame_equal(frame, before)

    def test_every_finding_is_well_formed(self, scanner: Scanner, mixed: Path) -> None:
        frame = features.view(measured(mixed), scanner)
        for finding in scanner.judge(frame):
            assert finding.path in set(frame["path"])
            assert 0 <= finding.score <= 1
            assert finding.kind in scanner.kinds
            assert Message.from_json(finding.message.to_json()) == finding.message
            assert finding.reason.endswith(".")
            assert json.dumps(dict(finding.evidence))
            assert len(finding.finding_id(scanner.name)) == 16

    def test_it_can_judge_a_table_in_which_nothing_decoded(self, scanner: Scanner, tmp_path: Path) -> None:
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "a.jpg").write_bytes(b"")
        list(scanner.judge(features.view(measured(tmp_path / "set"), scanner)))

    def test_it_declares_its_kinds_with_words_for_people(self, scanner: Scanner) -> None:
        assert scanner.kinds
        for kind in scanner.kinds:
            assert scanners.kinds()[kind.name] == kind
            assert kind.title[:1].isupper()
            assert kind.meaning.endswith(".")
            assert kind.message == "" or kind.message.endswith(".")
        assert scanner.required_kinds <= set(scanner.kinds)
        assert {threshold.kind for threshold in scanner.thresholds} <= set(scanner.kinds)

    def test_every_setting_says_what_it_means(self, scanner: Scanner) -> None:
        assert all(field.description for field in type(scanner.settings).model_fields.values())

    def test_no_setting_can_be_misspelt(self, scanner: Scanner) -> None:
        with pytest.raises(ConfigError, match="nonsense"):
            scanners.load(Config(scan={scanner.name: {"nonsense": 1}}))


def test_an_unknown_scanner_table_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"scan\.blurr is not a scanner"):
        scanners.load(Config(scan={"blurr": {}}))


def test_a_scanner_that_is_no_longer_installed_is_refused_with_the_two_ways_out() -> None:
    way_out = (
        r"scan\.glare is not a scanner; install the package that brings it, or remove its table\. There are drawing,"
    )
    with pytest.raises(ConfigError, match=way_out):
        scanners.load(Config(scan={"glare": {}}))


# Quality


def quality_of(pixels: Pixels, tmp_path: Path) -> set[str]:
    """The kinds found on one image among twenty ordinary ones."""
    folder = tmp_path / "set"
    for index in range(20):
        sample_images.save(sample_images.photo(index), folder / f"{index:02}.png")
    sample_images.save(pixels, folder / "subject.png")
    found = judged(folder, Quality())
    assert set(found["path"]) <= {"subject.png"}, "an ordinary image was flagged"
    return set(found["kind"])


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        pytest.param(sample_images.photo(70), set(), id="ordinary"),
        pytest.param(cv2.GaussianBlur(sample_images.photo(70), (0, 0), 6), {"blurry"}, id="blurred"),
        pytest.param(sample_images.photo(70) // 6, {"dark"}, id="dark"),
        pytest.param(255 - sample_images.photo(70) // 8, {"bright"}, id="washed out"),
        pytest.param(np.full((120, 160, 3), 120, np.uint8), {"low_information"}, id="one grey"),
        pytest.param(np.tile(sample_images.photo(70), (10, 10, 1)), {"odd_size"}, id="ten times as large"),
        pytest.param(sample_images.photo(70, 18, 14), {"odd_size"}, id="ten times as small"),
        pytest.param(sample_images.photo(70, 320, 60), {"odd_aspect_ratio"}, id="a strip"),
        pytest.param(sample_images.photo(70, 300, 240), set(), id="twice as large is not odd"),
    ],
)
def test_quality_flags_what_a_person_would(pixels: Pixels, expected: set[str], tmp_path: Path) -> None:
    assert quality_of(pixels, tmp_path) == expected


# Duplicates


def relation(tmp_path: Path, change: object, *, suffix: str = ".png") -> list[str]:
    """The kinds found when a changed copy of an image joins it and ten strangers."""
    folder = tmp_path / "set"
    original = sample_images.photo(500, 320, 240)
    for index in range(10):
        sample_images.save(sample_images.photo(index, 320, 240), folder / f"{index:02}.png")
    sample_images.save(original, folder / "original.png")
    data = change(original)  # type: ignore[operator]
    (folder / f"copy{suffix}").write_bytes(data)
    found = judged(folder, Duplicates())
    assert set(found["path"]) <= {"original.png", f"copy{suffix}"}
    return sorted(found.loc[found["role"] == Role.COPY, "kind"])


@pytest.mark.parametrize(
    ("change", "suffix", "expected"),
    [
        pytest.param(lambda p: sample_images.encode(p, "PNG"), ".png", ["same_bytes"], id="same bytes"),
        pytest.param(lambda p: sample_images.encode(p, "BMP"), ".bmp", ["same_pixels"], id="same pixels"),
        pytest.param(lambda p: sample_images.encode(p, "JPEG", quality=30), ".jpg", ["re_encoded"], id="JPEG"),
        pytest.param(
            lambda p: sample_images.encode(cv2.resize(p, (160, 120), interpolation=3)), ".jpg", ["resized"], id="half"
        ),
        pytest.param(
            lambda p: sample_images.encode(np.clip(p * 0.7, 0, 255).astype(np.uint8)),
            ".jpg",
            ["recoloured"],
            id="darker",
        ),
        pytest.param(
            lambda p: sample_images.encode(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)), ".jpg", ["recoloured"], id="grey"
        ),
        pytest.param(lambda p: sample_images.encode(p[:, ::-1]), ".jpg", ["mirrored"], id="mirrored"),
        pytest.param(lambda p: sample_images.encode(p[::-1]), ".jpg", ["mirrored"], id="upside down and mirrored"),
        pytest.param(lambda p: sample_images.encode(np.rot90(p, 1)), ".jpg", ["rotated"], id="turned left"),
        pytest.param(lambda p: sample_images.encode(np.rot90(p, -1)), ".jpg", ["rotated"], id="turned right"),
        pytest.param(lambda p: sample_images.encode(np.rot90(p, 2)), ".jpg", ["rotated"], id="turned round"),
        pytest.param(
            lambda p: sample_images.encode(cv2.putText(p.copy(), "SALE", (60, 140), 0, 3, (255, 255, 255), 12)),
            ".jpg",
            ["edited"],
            id="written on",
        ),
        pytest.param(lambda _: sample_images.encode(sample_images.photo(501, 320, 240)), ".jpg", [], id="a stranger"),
    ],
)
def test_a_copy_is_found_and_its_relation_named(
    tmp_path: Path, change: object, suffix: str, expected: list[str]
) -> None:
    assert relation(tmp_path, change, suffix=suffix) == expected


@pytest.mark.parametrize(("quarters", "words"), [(1, "turned by 270"), (-1, "turned by 90"), (2, "turned by 180")])
def test_the_reason_says_how_the_copy_lies(tmp_path: Path, quarters: int, words: str) -> None:
    original = sample_images.photo(500, 320, 240)
    sample_images.save(original, tmp_path / "set" / "original.png")
    sample_images.save(np.ascontiguousarray(np.rot90(original, quarters)), tmp_path / "set" / "copy.jpg")
    found = judged(tmp_path / "set", Duplicates())
    (reason,) = found.loc[found["role"] == Role.COPY, "reason"]
    assert reason.startswith(f"The image original.png, {words} degrees")


def test_the_largest_copy_is_suggested_to_stay(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for width in (100, 400, 200):
        sample_images.save(
            cv2.resize(sample_images.photo(1, 400, 300), (width, width * 3 // 4), interpolation=3),
            folder / f"{width}.png",
        )
    found = judged(folder, Duplicates())
    assert found.loc[found["role"] == Role.KEEPER, "path"].tolist() == ["400.png"]
    assert set(found.loc[found["role"] == Role.COPY, "path"]) == {"100.png", "200.png"}
    assert found["group_id"].nunique() == 1


def test_blank_images_match_only_exactly(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for index, level in enumerate((250, 250, 251, 90)):
        sample_images.save(np.full((50, 60, 3), level, np.uint8), folder / f"{index}.png")
    found = judged(folder, Duplicates())
    assert found.loc[found["role"] == Role.COPY, "path"].tolist() == ["1.png"]


def test_copies_across_classes_are_a_label_conflict(tmp_path: Path) -> None:
    data = sample_images.encode(sample_images.photo(1))
    for label in ("cats", "dogs"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "a.jpg").write_bytes(data)
    found = judged(tmp_path / "set", Duplicates())
    conflict = found[found["kind"] == "label_conflict"]
    assert set(conflict["path"]) == {"cats/a.jpg", "dogs/a.jpg"}
    assert conflict["reason"].iat[0] == "The same image stands in the classes cats and dogs."


@pytest.mark.parametrize("seed", range(8))
def test_the_hashes_are_those_of_imagehash(seed: int) -> None:
    image = DecodedImage(pixels=sample_images.photo(seed), width=160, height=120)
    tile = cv2.cvtColor(image.tile(64), cv2.COLOR_RGB2GRAY)
    features = Duplicates().measure(image)
    half = cv2.resize(tile, (32, 32), interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, (9, 8), interpolation=cv2.INTER_AREA)
    for name, hashed, shrunk in (("phash", imagehash.phash, half), ("dhash", imagehash.dhash, small)):
        assert features[name] == np.packbits(hashed(Image.fromarray(shrunk)).hash).tobytes()


@pytest.mark.parametrize("turn", TRANSFORMS)
def test_the_hash_of_a_turned_image_follows_from_its_spectrum(turn: str) -> None:
    for seed in range(20):
        small = cv2.resize(cv2.cvtColor(sample_images.photo(seed), cv2.COLOR_RGB2GRAY), (32, 32))
        looks = transformed(small[None].astype(np.float32), turn)[0].astype(np.uint8)
        expected = np.packbits(imagehash.phash(Image.fromarray(looks)).hash)
        found = transformed_hashes(stored(low_frequencies(small))[None], turn)
        assert int(found[0] ^ np.uint64(int.from_bytes(expected.tobytes(), "big"))).bit_count() <= 1


def test_hashes_joined_on_disk_give_the_same_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(12):
        sample_images.save(sample_images.photo(index), tmp_path / "set" / f"{index:02}.png")
        sample_images.save(sample_images.photo(index)[:, ::-1].copy(), tmp_path / "set" / f"{index:02}m.jpg")
    in_memory = judged(tmp_path / "set", Duplicates())
    monkeypatch.setattr(candidates, "IN_MEMORY", 1)
    assert set(in_memory["kind"]) == {"mirrored"}
    pd.testing.assert_frame_equal(judged(tmp_path / "set", Duplicates()), in_memory)


# What holds for all


def test_a_check_that_hits_most_of_the_dataset_is_reported_once(tmp_path: Path) -> None:
    for index in range(30):
        blurred = cv2.GaussianBlur(sample_images.photo(index), (0, 0), 6 if index < 20 else 0.1)
        sample_images.save(blurred, tmp_path / "set" / f"{index:02}.png")
    chosen: list[Scanner] = [Quality()]
    judgement = judging.judge(measured(tmp_path / "set", chosen=chosen), chosen, JudgeSettings())
    assert not (judgement.findings["kind"] == "blurry").any()
    assert [(item.kind, item.images) for item in judgement.prevalent] == [("blurry", 20)]


def test_part_files_name_what_measured_them() -> None:
    stored = json.loads(parts.part_schema(ALL, DecodeLimits()).metadata[parts.MEASURED])
    assert set(stored) == {parts.FACTS, *(scanner.name for scanner in ALL if scanner.columns)}


def test_a_dataset_that_is_soft_throughout_has_a_looser_threshold_of_its_own() -> None:
    rng = np.random.default_rng(0)

    def judge(blur: np.ndarray, **settings: float) -> list[str]:
        frame = pd.DataFrame({"path": [f"{index:03}" for index in range(len(blur))], "width": 100, "height": 100})
        frame = frame.assign(blur=blur, p1=0.05, p5=0.1, p99=0.9, flat_share=0.2, contrast=50.0, details=0)
        return [finding.reason for finding in Quality(QualitySettings(**settings)).judge(frame)]

    soft = np.append(rng.normal(0.52, 0.02, 99), 0.9)
    assert len(judge(soft)) == 1
    assert "blur effect is 0.90" in judge(soft)[0]
    assert len(judge(soft, max_deviations=0)) > 3
    sharp = np.append(rng.normal(0.3, 0.02, 99), 0.54)
    assert judge(sharp) == []  # never stricter than the setting
    assert len(judge(np.array([0.6, 0.3, 0.3]))) == 1  # three images say nothing of what is usual


@pytest.mark.parametrize("reads", [True, False])
def test_sha256_is_text_to_every_scanner_and_in_memory_for_those_that_read_it(mixed: Path, reads: bool) -> None:
    class Curious(Integrity):
        reads_sha256 = reads

    hashes = features.view(measured(mixed), Curious())["sha256"]
    files = sorted(path for path in mixed.rglob("*") if path.is_file())
    assert (hashes.dtype == object) == reads
    assert hashes.tolist() == [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def test_a_scanner_that_says_nothing_of_it_is_given_sha256_as_text() -> None:
    assert Scanner.reads_sha256
