"""What a benchmark comes to, in sentences: what cleaning is worth, and what a second split gives away.

Pure: from the JSON that `curate benchmark` leaves in the workspace to text in the reader's language. A sentence says no
more than its interval does.
"""

from collections.abc import Mapping
from typing import Any

from curate.i18n import N_, Translator

ARMS = (
    N_("reference"),
    N_("random removal"),
    N_("cleaned"),
    N_("+ extension"),
    N_("+ balance"),
    N_("proposed (+ shrinking)"),
)
"""The models of the controlled protocol, in the order of what was done to their images."""
TESTS = {"raw": N_("raw test"), "approved": N_("approved test"), "faces": N_("face test")}
"""The test sets of the controlled protocol."""
_HEADLINE = ("random removal", "cleaned")


def sentences(found: Mapping[str, Any], t: Translator) -> list[str]:
    """Return what the report says of a benchmark before it shows the tables."""
    differences = found["controlled_protocol"]["differences"]
    return [
        _intro(found, t),
        *(_headline(row, t) for row in differences if (row["before"], row["after"]) == _HEADLINE),
        t.gettext(
            "Step by step: {steps}.",
            steps="; ".join(_step(row, t) for row in differences if (row["before"], row["after"]) != _HEADLINE),
        ),
        _protocol(t),
        *_second_split(found["published_protocol"], found["published"]["proposed"], t),
    ]


def points(difference: Mapping[str, float], t: Translator) -> str:
    """Write a difference of accuracies as "+1.2 (-3.0 to +5.0)", in percentage points."""
    return t.gettext(
        "{points:+.1f} ({low:+.1f} to {high:+.1f})",
        points=100 * difference["difference"],
        low=100 * difference["low"],
        high=100 * difference["high"],
    )


def _intro(found: Mapping[str, Any], t: Translator) -> str:
    whose = found["decisions"]
    return t.gettext(
        "EfficientNet-B0 with the weights {weights}, {seeds} runs of each model; decisions: {decisions}. "
        "Images: {raw:,} raw, {kept:,} kept, {extension:,} to extend with, {faces:,} faces to test on.",
        weights=found["weights"],
        seeds=found["seeds"],
        decisions=t.gettext(whose),
        **found["images"],
    )


def _headline(row: Mapping[str, Any], t: Translator) -> str:
    """Say whether cleaning does more than a smaller training set does, on the images that a curator keeps."""
    if "approved" not in row:
        return t.gettext("No approved image could be set aside, so what cleaning is worth was not measured.")
    difference = row["approved"]
    values = {"points": points(difference, t)}
    if difference["low"] > 0:
        return t.gettext(
            "Cleaning helps: on approved images a model trained on cleaned images differs by {points} points from one "
            "trained on as many images that chance has left (95 % interval in brackets).",
            **values,
        )
    if difference["high"] < 0:
        return t.gettext(
            "Cleaning does harm here: on approved images a model trained on cleaned images differs by {points} points "
            "from one trained on as many images that chance has left (95 % interval in brackets).",
            **values,
        )
    return t.gettext(
        "These runs show no gain from cleaning alone: on approved images a model trained on cleaned images differs by "
        "{points} points from one trained on as many images that chance has left, and the 95 % interval (in brackets) "
        "holds zero.",
        **values,
    )


def _step(row: Mapping[str, Any], t: Translator) -> str:
    """Say of two models on which test sets one is told from the other."""
    outcomes = {
        True: t.gettext("better"),
        False: t.gettext("worse"),
        None: t.gettext("not told apart"),
    }
    before, after = row["before"], row["after"]
    told = {name: outcomes[_told(row[name])] for name in TESTS if name in row}
    return t.gettext(
        "{after} against {before}: {outcomes}",
        before=t.gettext(before),
        after=t.gettext(after),
        outcomes=", ".join(f"{t.gettext(TESTS[name])} {outcome}" for name, outcome in told.items()),
    )


def _protocol(t: Translator) -> str:
    return t.gettext(
        "In the controlled protocol each run sets another fifth of the raw images aside, duplicates together, before "
        "anything else is done, and all models are asked about the same images. All but the last model see 224 px in "
        "colour: + balance is the proposed extension at that size."
    )


def _told(difference: Mapping[str, float]) -> bool | None:
    """Say whether a difference is above zero, or below, or None where its interval holds zero."""
    if difference["low"] <= 0 <= difference["high"]:
        return None
    return difference["low"] > 0


def _second_split(published: Mapping[str, Any], printed: Mapping[str, Any], t: Translator) -> list[str]:
    """Explain what it does to the figures that a trained model is trained again on a new split."""
    once, again = (published[name]["mean_over_epochs"]["test_accuracy"] for name in ("proposed", "again"))
    target = printed["mean_test_accuracy"]
    if abs(again - target) >= abs(once - target):
        return [
            t.gettext(
                "On these images a second training on a new split does not come closer to the printed test accuracy of "
                "{target:.2f} ({again:.2f}) than one split does ({once:.2f}): it does not explain the printed figures "
                "here.",
                target=target,
                again=again,
                once=once,
            )
        ]
    return [
        t.gettext(
            "The printed curve of the proposed model begins at its final height: test accuracy {printed:.2f} after one "
            "epoch, from a classifier that knew nothing. On one split the same recipe begins here at {once_first:.2f} "
            "and averages {once:.2f}. If its training cell is run a second time, so that the trained model goes on "
            "while the split is drawn anew, it begins at {again_first:.2f} and averages {again:.2f} (printed: "
            "{target:.2f}).",
            printed=printed["test_accuracy"][0],
            once_first=published["proposed"]["epochs"][0]["test_accuracy"],
            again_first=published["again"]["epochs"][0]["test_accuracy"],
            once=once,
            again=again,
            target=target,
        ),
        _leak(published["again"]["leak"], t),
        t.gettext(
            "It looks like generalisation, because within the new split no image is in both parts, and the test curve "
            "is high and flat. But the model remembers the images of the run before. This explanation fits the printed "
            "figures; it does not prove that they came about in this way."
        ),
        t.gettext(
            "What to do: draw the split once, before anything is trained, with all duplicates of an image in the same "
            "part; keep it in the manifest; and begin with a new model whenever a split is drawn anew."
        ),
    ]


def _leak(leak: Mapping[str, Mapping[str, float | None]], t: Translator) -> str:
    seen, unseen = leak["seen"]["mean"], leak["unseen"]["mean"]
    share = leak["seen_share"]["mean"]
    if seen is None or unseen is None:
        return t.gettext("Of the new test images {share:.0%} were training images in the first run.", share=share)
    return t.gettext(
        "The reason: {share:.0%} of the new test images were training images in the first run. Of these the model gets "
        "{seen:.0%} right, of the images that it has never seen {unseen:.0%}. Only the second number says what it can "
        "do with new images.",
        share=share,
        seen=seen,
        unseen=unseen,
    )
