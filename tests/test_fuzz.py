"""Some rounds of the fuzz target; `make fuzz` runs it for a minute."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import fuzz


@given(sort=st.sampled_from(sorted(fuzz.SORTS)), seed=st.integers(0, 1 << 32))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_stranger_gives_is_rows_or_one_line(sort: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fuzz.check(sort, seed, Path(folder))
