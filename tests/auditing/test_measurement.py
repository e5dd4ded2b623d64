"""How what is to be measured is cut into shards."""

from pathlib import Path

import numpy as np
import pytest

import curate
from curate.config import Config, EngineSettings
from tests import sample_images


@pytest.mark.parametrize(("side_px", "parts"), [(40, 1), (1200, 9)])
def test_large_files_are_dealt_out_a_few_at_a_time(side_px: int, parts: int, tmp_path: Path) -> None:
    """So that two workers end at about the same time: of files above 4 MB each the last ones go one by one."""
    pixels = sample_images.photo(1, 40, 40)
    for number in range(12):
        enlarged = np.kron(pixels, np.ones((side_px // 40, side_px // 40, 1), np.uint8)) ^ np.uint8(number)
        sample_images.save(enlarged, tmp_path / "src" / f"{number}.bmp", "BMP")
    configuration = Config(engine=EngineSettings(workers=2))
    assert curate.audit(tmp_path / "src", tmp_path / "ws", configuration=configuration).measured == 12
    assert len(list((tmp_path / "ws" / "features").glob("part-*.parquet"))) == parts
