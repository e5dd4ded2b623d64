"""The head that every run begins with: small enough that a network which knows nothing says nothing."""

import math
from pathlib import Path

import numpy as np
import pytest

from curate.errors import CurateError
from tests import sample_images

torch = pytest.importorskip("torch")

from curate.train import loop, network, weights  # noqa: E402

THREE = ["angry", "happy", "sad"]
INPUTS = 1280


@pytest.fixture
def imagenet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve drawn weights for 1,000 classes in place of the download."""
    from torchvision import models

    torch.manual_seed(7)
    state = models.efficientnet_b0(weights=None, num_classes=1000).state_dict()
    monkeypatch.setattr(models.EfficientNet_B0_Weights, "get_state_dict", lambda *_, **__: state)


@pytest.fixture(params=weights.NAMES)
def fresh(request: pytest.FixtureRequest, imagenet: None) -> loop.Fitted:
    return loop.fresh(request.param, THREE, seed=0)


def test_a_new_head_is_drawn_as_a_linear_layer_draws_itself_whatever_the_weights(fresh: loop.Fitted) -> None:
    head = fresh.pretrained.network.classifier[1]
    bound = 1 / math.sqrt(INPUTS)
    weight, bias = head.weight.detach(), head.bias.detach()
    assert 0.99 * bound < float(weight.abs().max()) <= bound
    assert 0 < float(bias.abs().max()) <= bound
    assert float(weight.std()) == pytest.approx(bound / math.sqrt(3), rel=0.03)


def test_every_run_begins_near_the_loss_of_a_guess(fresh: loop.Fitted) -> None:
    images = np.stack([sample_images.photo(seed, 64, 64) for seed in range(12)])
    examples = loop.labelled(fresh.pretrained, images, [seed % 3 for seed in range(12)])
    predicted = loop.probabilities(fresh, examples)
    loss = -np.log(predicted[np.arange(12), examples.targets.cpu().numpy()]).mean()
    assert float(loss) == pytest.approx(math.log(3), abs=0.15)


@pytest.mark.parametrize("classes", [2, 10, 200])
def test_the_head_does_not_depend_on_the_number_of_classes(classes: int) -> None:
    torch.manual_seed(0)
    head = network.efficientnet_b0(classes).classifier[1]
    assert float(head.weight.detach().abs().max()) <= 1 / math.sqrt(INPUTS)


def test_the_seed_decides_the_head() -> None:
    first, again, other = (loop.fresh("lite0", THREE, seed).pretrained.network.classifier[1] for seed in (0, 0, 1))
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)


def test_the_trained_head_of_1000_classes_stays(imagenet: None) -> None:
    trained = weights.load("imagenet", 1000).network.classifier[1].weight.detach()
    assert float(trained.abs().max()) > 1 / math.sqrt(INPUTS)


def test_a_network_of_one_class_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="at least 2 classes, not 1"):
        network.efficientnet_b0(1)
