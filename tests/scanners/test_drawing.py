"""Drawings are told from photographs by their ink, and by what a network sees where it has looked."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.images.image import DecodedImage, Pixels
from curate.scanners import drawing
from curate.scanners.drawing import Drawing
from tests import sample_images


def cartoon(seed: int) -> Pixels:
    """A round face of flat colours with black outlines on white."""
    rng = np.random.default_rng(seed)
    image = np.full((240, 320, 3), 255, np.uint8)
    colour = tuple(int(c) for c in rng.integers(120, 256, 3))
    cv2.circle(image, (160, 120), 90, colour, -1)
    cv2.circle(image, (160, 120), 90, (0, 0, 0), 4)
    for x in (125, 195):
        cv2.circle(image, (x, 95), 12, (255, 255, 255), -1)
        cv2.circle(image, (x, 95), 12, (0, 0, 0), 3)
    cv2.ellipse(image, (160, 145), (45, 25), 0, 0, 180, (0, 0, 0), 4)
    return image


def judged(pixels: Pixels) -> list[str]:
    measured = Drawing().measure(DecodedImage(pixels=pixels, width=pixels.shape[1], height=pixels.shape[0]))
    frame = pd.DataFrame([{"path": "a.png", **measured}])
    return [finding.reason for finding in Drawing().judge(frame)]


def test_features_say_what_their_names_say() -> None:
    plain = drawing.named_features(np.full((200, 300, 3), 255, np.uint8))
    assert (
        plain["top1"] == plain["white"] == plain["grey"] == plain["flat0"] == plain["below1"] == plain["noiseless"] == 1
    )
    assert plain["entropy"] == plain["black"] == plain["ink"] == plain["noise"] == plain["vivid"] == 0
    halves = np.zeros((128, 128, 3), np.uint8)
    halves[:, 64:] = (255, 0, 0)
    split = drawing.named_features(halves)
    assert split["top1"] == split["black"] == split["vivid"] == split["brightness"] == 0.5
    assert split["top2"] == split["entropy"] == 1
    assert split["ink"] > 0.8
    noisy = drawing.named_features(np.random.default_rng(0).integers(118, 138, (128, 128, 3)).astype(np.uint8))
    assert noisy["noiseless"] < 0.5
    assert noisy["noise"] > 1


@pytest.mark.parametrize(("height", "width"), [(100, 1), (1, 700), (101, 3)])
def test_thin_images_are_survived(height: int, width: int) -> None:
    assert np.isfinite(drawing.drawing_features(np.full((height, width, 3), 90, np.uint8))).all()


def test_images_too_small_to_tell_are_left_alone(tmp_path: Path) -> None:
    for index in range(4):
        sample_images.save(cv2.resize(cartoon(index), (64, 48)), tmp_path / "set" / f"{index}.png")
    found = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=Config(profile="faces")).findings
    assert "drawing" not in set(found["kind"])
    assert "looks drawn" not in " ".join(found["reason"])


def test_a_cartoon_is_a_drawing() -> None:
    assert all("its colours and edges" in judged(cartoon(seed))[0] for seed in range(5))


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_a_photograph_is_none(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    assert judged(np.asarray(datasets.load_sample_image(name))) == []


def test_drawings_are_looked_for_in_the_profile_faces_only(tmp_path: Path) -> None:
    for seed in range(3):
        sample_images.save(cartoon(seed), tmp_path / "set" / "a" / f"{seed}.png")
    assert not (curate.audit(tmp_path / "set", tmp_path / "ws").findings["kind"] == "drawing").any()
    found = curate.audit(tmp_path / "set", tmp_path / "ws", configuration=Config(profile="faces")).findings
    assert set(found.loc[found["kind"] == "drawing", "path"]) == {"a/0.png", "a/1.png", "a/2.png"}
    # And a face that was drawn is no face.
    assert set(found.loc[found["kind"] == "no_face", "path"]) == {"a/0.png", "a/1.png", "a/2.png"}


def test_what_a_network_sees_goes_before_colours_and_edges() -> None:
    weights = np.asarray(drawing._model()["embedding"]["weights"])
    measured = drawing.drawing_features(cartoon(0))
    frame = pd.DataFrame({"path": ["a", "b", "c", "d"], "features": [measured] * 4})
    frame["embedding"] = pd.Series([-1e3 * weights, 1e3 * weights, None, -1e3 * weights], dtype=object)
    frame["embedded_by"] = pd.Series(["lite0", "lite0", None, "imagenet"], dtype=object)
    (first, by_first), (second, by_second), (third, by_third), (fourth, _) = drawing.drawing_scores(frame)
    assert first < 0.01
    assert second > 0.99
    assert str(by_first) == str(by_second) == "what a network sees"
    assert third == fourth > 0.5, "another network's features, however many, mean something else"
    assert str(by_third) == "its colours and edges"


def test_a_sure_face_speaks_against_a_drawing_and_never_for_one() -> None:
    rows = np.stack([drawing.drawing_features(cartoon(seed)) for seed in range(20)])
    by_face = [drawing.by_trees(np.column_stack([rows, np.full(20, sure)])) for sure in (0.0, 0.6, 0.8, 0.95)]
    assert all((surer <= less).all() for less, surer in itertools.pairwise(by_face))
    assert by_face[-1].mean() < by_face[0].mean() - 0.05


def test_the_faces_that_were_found_are_asked_about() -> None:
    frame = pd.DataFrame({"path": ["a", "b", "c"], "features": [drawing.drawing_features(cartoon(0))] * 3})
    frame["boxes"] = ['[{"score": 0.95}, {"score": 0.6}]', "[]", None]
    (with_face, _), (without, _), (unknown, _) = drawing.drawing_scores(frame)
    assert with_face < without == unknown


@pytest.mark.parametrize("depth", [3])
def test_the_trees_are_complete(depth: int) -> None:
    trees = drawing._model()["trees"]
    assert {len(tree) for tree in trees["feature"]} == {2**depth - 1}
    assert {len(tree) for tree in trees["value"]} == {2**depth}
    assert max(map(max, trees["feature"])) <= len(drawing._model()["features"])
