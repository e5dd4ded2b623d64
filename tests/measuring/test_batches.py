"""Small images are measured together, and every row is as if each had been measured alone."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from curate import scanners
from curate.config import Config, DecodeLimits
from curate.measuring import features, pool
from curate.measuring.batches import IN_BATCH, PIXELS, Batches
from curate.measuring.journal import Watch, memory_limit_restored
from curate.measuring.measure import Opened, measure_row, opened
from curate.measuring.shard import Shard
from curate.measuring.work import measure_shard
from curate.scanners import Scanner
from curate.scanners.quality import Quality
from curate.sources import open_source
from tests import crashing, sample_images
from tests.crashing import CrashingTogether


def shard(folder: Path, *chosen: Scanner) -> Shard:
    source = open_source(folder / "in")
    records = tuple(source.list().records)
    part = folder / "parts" / "part-0000001.parquet"
    part.parent.mkdir(exist_ok=True)
    return Shard(source=source, records=records, scanners=chosen, limits=DecodeLimits(), part=part)


def of_every_shape(folder: Path) -> None:
    """Fill more than a batch with images of one shape, and others of more shapes, colours and sizes beside them."""
    for index in range(IN_BATCH + 9):
        sample_images.save(sample_images.photo(index, 48, 48)[:, :, 0], folder / "in" / f"grey{index:03}.png")
    for index, (width, height) in enumerate([(28, 28), (64, 64), (64, 40), (129, 20), (1, 30), (12, 1), (60, 64)] * 3):
        sample_images.save(sample_images.photo(index, width, height), folder / "in" / f"colour{index:03}.png")
    for index in range(4):
        pixels = np.dstack([sample_images.photo(index, 32, 32), np.eye(32, dtype=np.uint8) * 200])
        sample_images.save(pixels, folder / "in" / f"clear{index}.png")
        sample_images.save(np.full((30, 30), 60 * index, np.uint8), folder / "in" / f"flat{index}.png")
    (folder / "in" / "broken.png").write_bytes(b"no image")


def test_a_row_is_the_same_in_a_batch_and_alone(tmp_path: Path) -> None:
    of_every_shape(tmp_path)
    together = shard(tmp_path, *scanners.active(Config()))
    assert {"duplicates", "quality"} <= {scanner.name for scanner in together.scanners}
    measure_shard(together)
    rows = pq.read_table(together.part).to_pylist()
    assert [row["path"] for row in rows] == [record.path for record in together.records]
    one_by_one = shard(tmp_path, *scanners.active(Config()))
    for row, record in zip(rows, one_by_one.records, strict=True):
        part = tmp_path / "parts" / "alone.parquet"
        alone = Shard(
            source=one_by_one.source, records=(record,), scanners=one_by_one.scanners, limits=DecodeLimits(), part=part
        )
        measured = measure_row(alone)
        for name in ("path", "sha256", "status", "digest"):
            assert row[name] == measured[name]
        for name, value in measured.items():
            if isinstance(value, float):
                assert row[name] == np.float32(value), (record.path, name)
            elif "." in name:
                assert row[name] == value, (record.path, name)


def fed(work: Shard) -> tuple[dict[str, list[int]], list[int]]:
    """Say which files were done as each was added, by path, and which in the end."""
    done = {}
    with memory_limit_restored(), Watch(work.journal, work.limits) as watch:
        batches = Batches(work, watch, defaultdict(float))
        for index, record in enumerate(work.records):
            file = opened(work, record, defaultdict(float))
            assert isinstance(file, Opened)
            done[record.path] = list(batches.add(index, file))
        rest = batches.rest()
        assert batches.rest() == {}
    return done, list(rest)


def test_images_of_one_shape_wait_for_each_other_and_no_others(tmp_path: Path) -> None:
    assert IN_BATCH * 48 * 48 <= PIXELS
    of_every_shape(tmp_path)
    work = shard(tmp_path, Quality())
    done, rest = fed(work)
    greys = [now for path, now in done.items() if path.startswith("grey")]
    assert [len(now) for now in greys] == [0] * (IN_BATCH - 1) + [IN_BATCH] + [0] * 9
    at_once = {path for path, now in done.items() if len(now) == 1}
    are_wide = {f"colour{index:03}.png" for index in (3, 10, 17)}  # wider than SMALL_PX
    assert at_once == {"broken.png", *are_wide, *(f"clear{index}.png" for index in range(4))}
    assert len(rest) == len(work.records) - sum(map(len, done.values()))


def test_fewer_large_images_make_a_batch(tmp_path: Path) -> None:
    each = PIXELS // (100 * 120)
    assert 2 <= each < IN_BATCH
    for index in range(each + 1):
        sample_images.save(sample_images.photo(index, 100, 120), tmp_path / "in" / f"{index:02}.png")
    done, rest = fed(shard(tmp_path, Quality()))
    assert list(done.values()) == [*[[]] * (each - 1), list(range(each)), []]
    assert rest == [each]


@pytest.mark.parametrize(
    ("tone", "status", "measured"),
    [
        (crashing.RAISING, "warning", None),
        (crashing.HUNGRY, "error", None),
        (crashing.DEADLY_TONE, "error", None),
        (crashing.LONELY, "ok", crashing.LONELY),
        (crashing.TWICE, "ok", crashing.TWICE),
    ],
)
def test_one_image_that_goes_wrong_costs_a_batch_nothing(
    tmp_path: Path, tone: int, status: str, measured: int | None
) -> None:
    for index in range(5):
        pixels = sample_images.photo(index, 40, 40)[:, :, 0]
        pixels[0, 0] = tone if index == 3 else index
        sample_images.save(pixels, tmp_path / "in" / f"{index}.png")
    work = shard(tmp_path, CrashingTogether())
    pool.run([work], 1, lambda tally: None)
    table = features.load(work.records, features.parts(work.part.parent, [CrashingTogether()]), [CrashingTogether()])
    assert table["status"].tolist() == ["ok", "ok", "ok", status, "ok"]
    tones = [None if np.isnan(each) else int(each) for each in table["together.tone"].astype(float)]
    assert tones == [0, 1, 2, measured, 4]
