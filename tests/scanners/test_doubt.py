"""What doubts about labels are worth: told on the dataset itself, by labels made wrong on purpose."""

import numpy as np
import pandas as pd
import pytest

from curate.findings import Finding
from curate.scanners.doubt import trust, votes
from curate.scanners.labels import Labels, LabelsSettings
from curate.schema import Severity

ASKED = {"min_precision": 0.5, "min_found": 0.55}


def test_what_is_found_doubted_and_right_is_counted_at_every_threshold() -> None:
    """Ten images of two classes: eight are believed by 0.9, 0.8, ... apart, two doubted by 0.75 and by 0.2."""
    apart = np.array([0.9, 0.9, 0.8, 0.8, 0.8, 0.6, 0.6, 0.6])
    believed = np.column_stack([0.5 + apart / 2, 0.5 - apart / 2])
    doubted = np.array([[0.125, 0.875], [0.4, 0.6]])
    probabilities = np.vstack([believed] * 5 + [doubted] * 5)
    margins = np.array([0.0] * 40 + [0.75, 0.2] * 5)
    known = trust(probabilities, margins, min_precision=0.5, min_found=0.5)
    # At 0.75: 5 of 50 are doubted, 25 of 50 wrong labels would be: at most a fifth is wrong. At 0.2: 10, and 40 of 50.
    assert known.noise == pytest.approx(0.2)
    assert known.threshold == pytest.approx(0.2)
    assert known.precision == pytest.approx(0.2 / (10 / (50 * 0.8)))
    assert known.found == pytest.approx(0.8)
    strict = trust(probabilities, margins, min_precision=0.9, min_found=0.5)
    assert (strict.threshold, strict.precision, strict.found) == (0.75, 1.0, 0.5)
    too_few = trust(probabilities, margins, min_precision=0.9, min_found=0.6)
    assert not too_few.is_known
    assert too_few.found == pytest.approx(0.5)


def test_nothing_is_known_of_few_doubts_or_none() -> None:
    probabilities = np.tile([0.9, 0.1], (20, 1))
    assert not trust(probabilities, np.zeros(20), **ASKED).is_known
    probabilities[:4] = [0.1, 0.9]
    margins = np.r_[[0.8] * 4, [0.0] * 16]
    assert not trust(probabilities, margins, **ASKED).is_known
    probabilities[4] = [0.1, 0.9]
    assert trust(probabilities, np.r_[[0.8] * 5, [0.0] * 15], **ASKED).is_known


def test_votes_are_shares_in_which_near_images_count_more() -> None:
    cosines = np.array([[0.9, 0.8, 0.8], [1.0, 1.0, 1.0]], np.float32)
    found = votes(cosines, np.array([[0, 1, 2], [2, 1, 0]]), np.array([0, 1, 1]), 2)
    first = np.exp(-1) / (np.exp(-1) + 2 * np.exp(-2))
    assert found == pytest.approx(np.array([[first, 1 - first], [1 / 3, 2 / 3]]))


def classes_apart(distance: float, *, wrong: float = 0.05, seed: int = 0) -> tuple[pd.DataFrame, set[str]]:
    """Five classes of 80 images whose centres lie so far apart, a share of them labelled otherwise; and which."""
    rng = np.random.default_rng(seed)
    true = np.repeat(np.arange(5), 80)
    vectors = distance * np.eye(32)[true] + rng.normal(0, 1, (400, 32))
    is_wrong = rng.random(400) < wrong
    given = np.where(is_wrong, (true + rng.integers(1, 5, 400)) % 5, true)
    frame = pd.DataFrame(
        {
            "path": [f"{index:03}" for index in range(400)],
            "label": np.array(list("abcde"), dtype=object)[given],
            "digest": [str(index) for index in range(400)],
        }
    )
    frame["embedding"] = list(vectors.astype(np.float32))
    return frame, set(frame["path"][is_wrong])


def judged(frame: pd.DataFrame, **settings: float) -> tuple[Labels, list[Finding], set[str]]:
    """The scanner, its findings, and the paths that it queues."""
    scanner = Labels(LabelsSettings(**settings))
    findings = list(scanner.judge(frame))
    return scanner, findings, {finding.path for finding in findings if finding.severity is not Severity.INFO}


@pytest.mark.parametrize("seed", range(3))
def test_wrong_labels_of_classes_that_lie_apart_are_queued_with_the_true_class(seed: int) -> None:
    frame, wrong = classes_apart(6.0, seed=seed)
    scanner, findings, queued = judged(frame)
    assert len(queued & wrong) >= 0.5 * len(wrong)
    assert len(queued & wrong) >= 0.8 * len(queued)
    right = classes_apart(6.0, wrong=0, seed=seed)[0].set_index("path")["label"]
    assert all(finding.evidence["suggested"] == right[finding.path] for finding in findings if finding.path in wrong)
    (remark,) = map(str, scanner.remarks)
    assert "Labels are doubted by its nearest images" in remark
    assert f"of the {len(queued)} in the queue" in remark


@pytest.mark.parametrize("seed", range(3))
def test_of_classes_that_cannot_be_told_apart_nothing_is_queued_and_the_rest_ranked(seed: int) -> None:
    frame, _ = classes_apart(0.8, seed=seed)
    scanner, findings, queued = judged(frame, max_label_quality=0.3)
    assert queued == set()
    assert len(findings) > 50
    assert {str(finding.suggestion) for finding in findings} == {"keep"}
    assert "wrong too often to be asked about" in findings[0].reason
    (remark,) = map(str, scanner.remarks)
    assert remark.startswith("No label is queued as doubtful")


def test_a_copy_with_the_same_wrong_label_confirms_nothing() -> None:
    frame, wrong = classes_apart(6.0)
    first = sorted(wrong)[0]
    copies = frame[frame["path"] == first].sample(15, replace=True, random_state=0)
    copies = copies.assign(path=[f"copy {index}" for index in range(15)])
    unlabelled = frame.iloc[:2].assign(
        path=["one", "other"], label=[None, "a"], embedding=[frame["embedding"][5], None]
    )
    together = pd.concat([unlabelled, frame, copies], ignore_index=True)
    assert judged(together)[2] == judged(frame)[2]
    assert first in judged(together)[2]


def test_what_a_network_predicted_goes_before_neighbours_where_it_is_worth_it_and_few_images_say_nothing() -> None:
    frame, _ = classes_apart(6.0)
    doubted = frame["path"] < "010"
    predicted = frame.assign(
        predicted=frame["label"].where(~doubted, "z"), confidence=0.9, given_confidence=np.where(doubted, 0.1, 0.9)
    )
    predicted["probabilities"] = [[0.9, 0.1]] * len(frame)
    scanner, _, queued = judged(predicted)
    assert queued == set(frame["path"][doubted])
    assert "a network that had not seen it" in str(scanner.remarks[0])
    scanner, _, queued = judged(predicted.assign(probabilities=[[0.5, 0.5]] * len(frame)))
    assert queued == judged(frame)[2] != set()
    assert "its nearest images" in str(scanner.remarks[0]), "where the network's opinion is worth nothing"
    few, _ = classes_apart(6.0)
    assert judged(few.iloc[:49])[1] == []
    assert judged(few[few["label"] == "a"])[1] == []
