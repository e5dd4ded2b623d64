"""Copies found, by edit: this project beside imagededup, CleanVision and fastdup on the same images.

`pytest tests/benchmarks/test_duplicates.py -s` prints the tables. The peers run where they are installed, each by
the Python that `--peer NAME=PYTHON` gives (see peers.py).
"""

import csv
import itertools
import time
import zipfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

import curate
from curate.config import Config
from curate.duplicates import hamming, near_small
from curate.measuring import features
from curate.scanners.duplicates import Duplicates, DuplicatesSettings
from curate.schema import GROUP_KINDS
from curate.storage.workspace import Workspace
from tests.benchmarks import peers
from tests.benchmarks.edits import EDITS

pytestmark = pytest.mark.shared
EDITED, ALL = 300, 1000
COLOURLESS = 4.0
"""Mean spread of the three channels, in grey levels, below which a photo had no colour to lose."""
Pair = tuple[str, str]


@pytest.fixture(scope="module")
def edited(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For each edit a folder: 300 photos, their edited copies, and the other 700."""
    photos = sorted((shared_data / "photos").rglob("*.jpg"))
    folders = {}
    for name, (edit, _) in EDITS.items():
        folder = tmp_path_factory.mktemp("edited") / "all"
        folder.mkdir()
        for index, photo in enumerate(photos):
            (folder / f"{index:04}.jpg").symlink_to(photo)
            if index % (ALL // EDITED) == 0 and index // (ALL // EDITED) < EDITED:
                with Image.open(photo) as image:
                    edit(image.convert("RGB"), Random(f"{name}{index}")).save(folder / f"{index:04}-copy.png")
        folders[name] = folder
    return folders


def pairs_found(folder: Path, workspace: Path, *, thorough: bool) -> dict[Pair, str]:
    """Every pair of copy and keeper that the audit names, with its relation."""
    config = Config(scan={"duplicates": {"thorough": True}} if thorough else {})
    findings = curate.audit(folder, workspace, configuration=config).findings
    copies = findings[(findings["role"] == "copy") & (findings["category"] == "duplicate")]
    keeper = dict(findings[(findings["role"] == "keeper")][["group_id", "path"]].itertuples(index=False, name=None))
    return {
        (min(path, keeper[group]), max(path, keeper[group])): kind
        for path, group, kind in copies[["path", "group_id", "kind"]].itertuples(index=False, name=None)
        if kind not in ("label_conflict", "split_leak")
    }


def truth(folder: Path, name: str) -> dict[Pair, str]:
    """Every edited photo with its original, and what it is to it: a grey photo made grey is only saved again."""
    wanted = {}
    for copy in folder.glob("*-copy.png"):
        original = f"{copy.stem.removesuffix('-copy')}.jpg"
        relation = EDITS[name][1]
        if name == "grey":
            with Image.open(folder / original) as image:
                pixels = np.asarray(image.convert("RGB"), dtype=np.int16)
            if np.ptp(pixels, axis=2).mean() < COLOURLESS:
                relation = "re_encoded"
        wanted[min(original, copy.name), max(original, copy.name)] = relation
    return wanted


def scored(found: set[Pair], wanted: dict[Pair, str]) -> tuple[int, int]:
    """Right pairs, and pairs of different photos."""
    return len(found & set(wanted)), sum(a[:4] != b[:4] for a, b in found - set(wanted))


def test_peers_on_edited_photos(edited: dict[str, Path], request: pytest.FixtureRequest) -> None:
    pythons = peers.available(request.config.getoption("--peer"))
    for name in sorted(set(peers.NAMES) - set(pythons)):
        print(f"\n{name} is not installed: left out")
    right, wrong, seconds = (Counter[str]() for _ in range(3))
    versions = {}
    print("\nrecall" + " " * 14 + "".join(f"{name:>16}" for name in pythons))
    for edit, folder in edited.items():
        wanted = truth(folder, edit)
        cells = []
        for name, python in pythons.items():
            found = peers.run(name, python, folder)
            hits, others = scored(found.pairs, wanted)
            versions[name] = found.version
            right[name] += hits
            wrong[name] += others
            seconds[name] += found.seconds
            cells.append(f"{hits / len(wanted):16.3f}")
        print(f"{edit:20}" + "".join(cells))
    for name, version in versions.items():
        precision = right[name] / max(right[name] + wrong[name], 1)
        print(
            f"{name} {version}: precision over all pairs {precision:.4f}, {seconds[name] / len(edited):.1f} s an edit"
        )


@pytest.mark.parametrize("thorough", [False, True], ids=["default", "thorough"])
def test_edited_photos(edited: dict[str, Path], tmp_path: Path, *, thorough: bool) -> None:
    print(f"\n{'edit':20}{'recall':>8}{'named':>8}{'others':>8}{'seconds':>9}")
    right, wrong, strangers = 0, 0, Counter[Pair]()
    for name, folder in edited.items():
        started = time.perf_counter()
        found = pairs_found(folder, tmp_path / name.replace(" ", "-").replace("%", ""), thorough=thorough)
        seconds = time.perf_counter() - started
        wanted = truth(folder, name)
        hit = set(wanted) & set(found)
        named = sum(found[pair] == wanted[pair] for pair in hit)
        others = {pair for pair in set(found) - set(wanted) if pair[0][:4] != pair[1][:4]}
        strangers.update(others)
        right, wrong = right + len(hit), wrong + len(others)
        print(f"{name:20}{len(hit) / len(wanted):8.3f}{named / max(len(hit), 1):8.3f}{len(others):8}{seconds:9.1f}")
    print(f"precision over all pairs {right / max(right + wrong, 1):.4f}; pairs of different photos:")
    for pair, times in strangers.most_common(8):
        print("  ", *pair, times)


@pytest.mark.parametrize("thorough", [False, True], ids=["default", "thorough"])
def test_crop_pairs(shared_data: Path, tmp_path: Path, *, thorough: bool) -> None:
    folder = shared_data / "crop-pairs"
    with (folder / "pairs.csv").open() as file:
        wanted = {tuple(sorted((row["crop"], row["original"]))) for row in csv.DictReader(file)}
    found = set(pairs_found(folder, tmp_path / "ws", thorough=thorough))
    print(
        f"\ncrop-pairs, {'thorough' if thorough else 'default'}: recall {len(wanted & found) / len(wanted):.3f}, "
        f"other pairs {len(found - wanted)}: {sorted(found - wanted)[:6]}"
    )


def test_precision_and_recall_of_small_images(shared_data: Path, tmp_path: Path) -> None:
    """CIFAR-10 pairs that people judged to be near-duplicates or very similar (ciFAIR), by the share of blocks."""
    folder = shared_data / "cifar10-duplicates"
    with (folder / "pairs.csv").open() as file:
        wanted = {
            (min(row["test_file"], row["other_file"]), max(row["test_file"], row["other_file"]))
            for row in csv.DictReader(file)
        }
    default = pairs_found(folder, tmp_path / "ws", thorough=False)
    hits = len(set(default) & wanted)
    print(f"\nCIFAR-10, as set: precision {hits / len(default):.3f}, recall {hits / len(wanted):.3f}")
    workspace = Workspace(tmp_path / "ws")
    scanner = Duplicates()
    parts = features.parts(workspace.features, [scanner])
    frame = features.load(features.records(workspace.read_images(), parts), parts, [scanner])
    print("hash bits | blocks that must agree | pairs | precision | recall | F1")
    best = (0.0, 0, 0.0)
    for bits, share in itertools.product((10, 14, 18), np.arange(0.1, 0.61, 0.05)):
        settings = DuplicatesSettings(
            hash_distance=bits,
            turned_distance=0,
            min_matching_blocks=1,
            min_loose_matching_blocks=1,
            min_loose_matching_blocks_small=float(share),
        )
        scanner = Duplicates(settings)
        copies = [one for one in scanner.judge(features.view(frame, scanner)) if one.role == "copy"]
        found = {(min(one.key), max(one.key)) for one in copies if one.kind.name not in GROUP_KINDS}
        hits = len(found & wanted)
        precision, recall = hits / max(len(found), 1), hits / len(wanted)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        best = max(best, (f1, bits, float(share)))
        print(f"{bits:9} | {share:22.2f} | {len(found):5} | {precision:9.3f} | {recall:6.3f} | {f1:.3f}")
    print(f"best F1 {best[0]:.3f}, within {best[1]} bits where {best[2]:.2f} of the blocks must agree")


SHARES = tuple(round(0.3 + 0.05 * step, 2) for step in range(11))
"""What `near_small.LEAST_ALIKE`, the one free setting, may be: from .30 to .80."""
AS_SET = near_small.LEAST_ALIKE
SEED = 27


def test_small_images_as_people_judge_them_on_the_half_that_nothing_was_chosen_on(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choose the setting on a half of the pairs drawn by a seed, by a rule, and measure it on the other; both ways.

    The rule: of `SHARES` the one of the highest F1 on that half, of several as high the one in the middle of them, the
    lower of two. Whatever else the thorough audit goes by stays as it is. Classes of equal images stay in one half.
    People judged pairs that have a test image, so other pairs do not count.
    """
    folder = shared_data / "cifar10-duplicates"
    with (folder / "pairs.csv").open() as file:
        judged = _Judged([(row["test_file"], row["other_file"]) for row in csv.DictReader(file)])
    found = {}
    for share in SHARES:
        monkeypatch.setattr(near_small, "LEAST_ALIKE", share)
        found[share] = set(pairs_found(folder, tmp_path / f"ws{share}", thorough=True))
    print("\nCIFAR-10, thorough; share of blocks that must agree, chosen on a half: F1 there | on the other half")
    for half in (True, False):
        f1 = {share: judged.scores(found[share], half=half)[2] for share in SHARES}
        best = [share for share in SHARES if f1[share] == max(f1.values())]
        chosen = best[(len(best) - 1) // 2]
        precision, recall, held_out = judged.scores(found[chosen], half=not half)
        print(
            f"{chosen:.2f}: {f1[chosen]:.3f} | {held_out:.3f} (precision {precision:.3f}, recall {recall:.3f}); "
            f"as set ({AS_SET:.2f}) on that half: {judged.scores(found[AS_SET], half=not half)[2]:.3f}"
        )
        print("   on the half chosen on:", {share: round(value, 3) for share, value in f1.items()})
        assert held_out >= 0.8


class _Judged:
    """Pairs that people judged to be copies, in two halves."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._pairs = pairs
        self._class: dict[str, str] = {}
        for a, b in pairs:
            old, new = self._class.setdefault(b, b), self._class.setdefault(a, a)
            self._class |= {path: new for path, name in self._class.items() if name == old}
        names = sorted(set(self._class.values()))
        drawn = np.random.default_rng(SEED).permutation(len(names))[: len(names) // 2]
        self._first = {names[index] for index in drawn}

    def scores(self, found: set[Pair], *, half: bool) -> tuple[float, float, float]:
        """Return precision, recall and F1 of pairs found, by the groups they make, on the first half or the other."""
        group = {path: index for index, members in enumerate(_connected(found)) for path in members}
        true = [pair for pair in self._pairs if self._is_first(pair[0]) is half]
        hits = sum(a in group and group[a] == group.get(b) for a, b in true)
        named = [pair for pair in found if "test/" in "".join(pair) and self._is_first(pair[0]) is half]
        right = sum(a in self._class and self._class[a] == self._class.get(b) for a, b in named)
        precision, recall = right / max(len(named), 1), hits / len(true)
        return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)

    def _is_first(self, path: str) -> bool:
        return self._class[path] in self._first if path in self._class else zlib.crc32(path.encode()) % 2 == 0


def _connected(pairs: set[Pair]) -> list[set[str]]:
    groups: list[set[str]] = []
    for pair in sorted(pairs):
        touched = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touched] + [set(pair).union(*touched)]
    return groups


def test_fer_groups_equal_a_brute_force_count(shared_data: Path, tmp_path: Path) -> None:
    archive = shared_data / "fer2013-3class.zip"
    started = time.perf_counter()
    findings = curate.audit(archive, tmp_path / "ws").findings
    seconds = time.perf_counter() - started
    by_pixels: dict[bytes, list[str]] = defaultdict(list)
    with zipfile.ZipFile(archive) as opened:
        for item in opened.infolist():
            if not item.is_dir():
                with opened.open(item) as file, Image.open(file) as image:
                    by_pixels[np.asarray(image.convert("L")).tobytes()].append(item.filename)
    groups = [paths for paths in by_pixels.values() if len(paths) > 1]
    exact = findings[findings["kind"].isin(["same_bytes", "same_pixels"]) & (findings["role"] == "copy")]
    print(
        f"\nFER-2013: {len(groups)} groups of equal pixels by brute force with {sum(map(len, groups)) - len(groups)} "
        f"redundant; the audit names {len(exact)} redundant in {seconds:.1f} s; "
        f"{findings.loc[findings['kind'] == 'label_conflict', 'group_id'].nunique()} groups across classes, "
        f"{findings.loc[findings['kind'] == 'split_leak', 'group_id'].nunique()} across splits; "
        f"{Counter(findings.loc[findings['role'] == 'copy', 'kind'])}"
    )
    assert len(exact) == sum(map(len, groups)) - len(groups)


@pytest.mark.parametrize("count", [10_000, 100_000, 1_000_000])
def test_near_hashes_of_many(count: int) -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    planted = count // 100
    for index in range(planted):
        near = hashes[index]
        for bit in rng.choice(64, rng.integers(1, 9), replace=False):
            near ^= np.uint64(1 << int(bit))
        hashes[count - 1 - index] = near
    started = time.perf_counter()
    left, right, _ = hamming.pairs_within(hashes, 8)
    seconds = time.perf_counter() - started
    found = set(zip(left.tolist(), right.tolist(), strict=True))
    hits = sum((index, count - 1 - index) in found for index in range(planted))
    print(f"\n{count:,} hashes within 8 bits: {hits:,} of {planted:,} planted pairs in {seconds:.2f} s")
    assert hits == planted
