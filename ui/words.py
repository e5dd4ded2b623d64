"""What the review surfaces say: every text that they show, in the reviewer's language, and what a step has done."""

from collections import Counter

from curate.findings import ACTION_TITLES
from curate.reviewing.desk import Answer, Result
from curate.reviewing.log import Step
from curate.schema import Action
from curate.ui.session import _, counted


def queue_texts() -> dict[str, str]:
    """Return the texts of the surface that shows the queue; what stands in braces is filled in the browser."""
    return {
        **shared_texts(),
        "keep_all": _("Keep all"),
        "refused_unseen": _(
            "Not taken: images of the group not yet on the screen: {n}. Scroll to them, or compare them."
        ),
        "drop_copies": _("Drop copies"),
        "drop_group": _("Drop group"),
        "drop_all": _("Drop all {n}"),
        "keep_only": _("keep only that one"),
        "view": _("View"),
        "boxes": _("Boxes"),
        "panel": _("Panel"),
        "full": _("Full"),
        "back": _("Back"),
        "next": _("Next"),
        "fit": _("fit"),
        "pixels": _("pixel for pixel"),
        "fourfold": _("four times"),
        "beside": _("side by side"),
        "blink": _("blink"),
        "difference": _("difference, four times stronger"),
        "levels": _("{levels} grey levels apart on average"),
        "no_two": _("There are no two images to compare here."),
        "stays": _("suggested to stay"),
        "best_but": _("best copy, but: {faults}"),
        "copies": _("{n} images that look the same"),
        "unflagged": _("Nothing was found about this image."),
        "file": _("File"),
        "camera": _("Camera"),
        "differs": _("What differs"),
        "others": _("Others of class {label}"),
        "note": _("Note for the log"),
        "why": _("why, if it is not obvious"),
        "which": _("Image that stays"),
        "rest": _("It gets the class; the other images of the group are dropped."),
        "place": _("{done} of {items} items"),
        "rate": _("{rate} a minute"),
        "left": _("about {minutes} min left"),
        "matching": _("{done} of {images} images decided with these filters"),
        "did_keep": _("Kept {what}."),
        "did_keep_all": _("Kept all {n} images of the group."),
        "did_drop": _("Dropped {what}."),
        "did_drop_all": _("Dropped all {n} images of the group."),
        "did_later": _("Left {what} for later."),
        "did_later_all": _("Left the {n} images of the group for later."),
        "did_only": _("Kept {what}; copies dropped: {n}."),
        "did_relabel": _("Relabelled {what} to {label}."),
        "did_relabel_only": _("Relabelled {what} to {label}; copies dropped: {n}."),
        "confirm_group": _("Drop all {n} images of this group? {key} again confirms."),
        "no_group": _("This image stands alone: D drops it."),
        "no_such": _("There is no image {n} here."),
    }


def grid_texts() -> dict[str, str]:
    """Return the texts of the grid."""
    return {
        **shared_texts(),
        "ready_grid": _("Click or Space chooses, Shift+click up to there; K, D, S, L decide; double click opens."),
        "images": _("Images"),
        "size": _("Size"),
        "all": _("Choose all"),
        "none": _("Choose none"),
        "chosen": _("{chosen} chosen · {loaded} of {total}"),
        "did_keep_many": _("Kept: {n}."),
        "did_drop_many": _("Dropped: {n}."),
        "did_later_many": _("Left for later: {n}."),
        "did_relabel_many": _("Relabelled to {label}: {n}."),
        "hidden": _("Not yet on the screen, and left as they are: {n}. Scroll to them and press again."),
        "refused_early": _("Not taken: none of these has been on the screen yet. Scroll to them first."),
        "not_flagged": _("Nothing was found about this image; it is not in the queue."),
        "grid_note": _("Arrows move, Shift with them chooses; with nothing chosen a key is about the image marked."),
    }


def shared_texts() -> dict[str, str]:
    """Return the texts that every surface shows."""
    return {
        "keys": _("Keys"),
        "help": _("Keys"),
        "keys_note": _("Keys work while no text field has the focus; Escape leaves a field."),
        "ready": _("Press a key; H shows them all."),
        "keep": _("Keep"),
        "drop": _("Drop"),
        "later": _("Later"),
        "relabel": _("Relabel"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "similar": _("Similar"),
        "class": _("Class"),
        "close": _("Close"),
        "loading": _("Loading ..."),
        "look_again": _("Look again"),
        "unsaved": _("{n} not saved yet"),
        "lost": _("Not confirmed: {n}. The reviewer was started anew; what is not on disk is shown again."),
        "offline": _("No connection to the reviewer. Nothing is taken until it is back; is `curate review` running?"),
        "back_online": _("Connected again."),
        "refused_early": _("Not taken: the image was not on the screen yet."),
        "refused_held": _("Not taken: the key is held down. One press, one decision."),
        "refused_double": _("Not taken: that was the second click of a double click."),
        "refused_covered": _("Not taken: something lies over the image. Escape closes it."),
        "refused_waiting": _("Not taken: the last step is still being looked up."),
        "refused_offline": _("Not taken: no connection to the reviewer."),
        "refused_leaving": _("Not taken: another page is being opened."),
        "refused_nothing": _("Not taken: there is nothing on the screen to decide."),
        "no_key": _("{key} means nothing here; H shows the keys."),
        "new_class_field": _("Class"),
        "new_class": _("new class: {label} ..."),
        "new_class_sure": _("Enter again makes the new class {label}"),
        "picker_note": _("Enter takes what is marked; the arrows mark another; Escape leaves all as it is."),
        "same_class": _("It is in the class {label} already."),
    }


def meanings(bindings: dict[str, list[str]]) -> list[tuple[list[str], str]]:
    """Return what each key does, for the sheet that lists them."""
    said = {
        "keep": _("keep the image; of a group keep all: they are no copies, and that is remembered"),
        "drop": _("drop the image; of a group drop what is to go: the copies, or all where none is fit to stay"),
        "group": _("drop the whole group"),
        "digit": _("an image: its class; a group: keep only that one and drop the rest"),
        "relabel": _("another class: type, Enter; a group: of the one that stays, the rest is dropped"),
        "later": _("decide later"),
        "undo": _("undo, as many steps as you like"),
        "redo": _("do again what was undone"),
        "back": _("look at the previous one and decide nothing"),
        "next": _("look at the next one and decide nothing"),
        "view": _("one image: fit, pixel for pixel, four times; a group: side by side, blink, difference"),
        "boxes": _("show or hide the boxes"),
        "panel": _("show or hide the panel"),
        "full": _("full screen"),
        "similar": _("images most like this one"),
        "note": _("write a note for the next decision"),
        "filter": _("filter by kind"),
        "search": _("search"),
        "select": _("choose the image under the cursor, or leave it out"),
        "all": _("choose all or none"),
        "help": _("these keys; Escape closes them"),
    }
    titles = key_titles()
    rows = [
        ([titles.get(key, key.upper()) for key in keys], said[name]) for name, keys in bindings.items() if name in said
    ]
    return [*rows, (["1-9"], said["digit"])] if "group" in bindings else rows


def key_titles() -> dict[str, str]:
    """Return what is printed on keys that bear no letter."""
    return {
        "ArrowLeft": "←",
        "ArrowRight": "→",
        "ArrowUp": "↑",
        "ArrowDown": "↓",
        "Space": _("Space"),
        "Delete": _("Del"),
        "Backspace": "⌫",
        "Enter": _("Enter"),
        "Escape": "Esc",
    }


def said(answer: Answer) -> tuple[str, str]:
    """Return what to say of an answer, and in which tone; nothing where the screen has said it already."""
    if answer.result is Result.DONE:
        if answer.beaten:
            return beaten(len(answer.beaten)), "warning"
        if answer.step is not None and answer.step.of is not None:
            return undone(answer.step), "info"
        return "", "success"
    if answer.result is Result.CONFLICT and answer.conflict is not None:
        return conflict(answer), "warning"
    if answer.result is Result.NEW_CLASS and answer.close is not None:
        return _("Not saved: the dataset has no such class, but has {label}.", label=answer.close), "warning"
    texts = {
        Result.NOTHING: _("There is nothing to take back."),
        Result.NOTHING_AGAIN: _("There is nothing to do again."),
        Result.CHANGED: _("Not saved: it has changed since it was shown, and is shown again."),
        Result.SAME_CLASS: _("Not saved: it is in that class already."),
        Result.NO_SURVIVOR: _("Not saved: that would drop every copy. X twice drops a whole group."),
        Result.NEW_CLASS: _("Not saved: the dataset has no such class, and nobody has confirmed a new one."),
    }
    if answer.result in texts:
        return texts[answer.result], "info" if answer.result in {Result.NOTHING, Result.NOTHING_AGAIN} else "warning"
    return _("Not saved: {error}", error=answer.error), "error"


def conflict(answer: Answer) -> str:
    """Say in one line that somebody was quicker."""
    error = answer.conflict
    assert error is not None
    return _(
        "{who} decided {what} first ({action}); yours was not recorded.",
        who=error.reviewer,
        what=error.path,
        action=_(ACTION_TITLES[Action(error.action)]),
    )


def beaten(images: int) -> str:
    """Say how many images were left as others decided them."""
    return counted(
        "{n} was decided by others meanwhile and left as it is.",
        "{n} were decided by others meanwhile and left as they are.",
        images,
    )


def undone(step: Step) -> str:
    """Say what a step has taken back, or, where it took back an undo, done again."""
    what = did(step)
    return _("Done again: {what}.", what=what) if step.again else _("Taken back: {what}.", what=what)


def subject(step: Step) -> str:
    """Return the path of the image that a step is told by: the one relabelled, else the first kept, else the first."""
    order = (Action.RELABEL, Action.KEEP)
    found = [decision.path for action in order for decision in step.decisions if decision.action is action]
    return next(iter(found), step.decisions[0].path)


def did(step: Step) -> str:
    """Say what was decided in a step: what, about which image, and about how many others."""
    actions: dict[str, Action] = {}
    for decision in step.decisions:
        actions.setdefault(decision.path, decision.action)
    labels = {decision.path: decision.new_label for decision in step.decisions if decision.new_label}
    counts = Counter(actions.values())
    first = subject(step)
    word = _(ACTION_TITLES[actions[first]])
    text = f"{word} {first}" + (f" → {labels[first]}" if first in labels else "")
    rest = len(actions) - 1
    if not rest:
        return text
    if len(counts) == 1:
        return text + " " + counted("and {n} more image", "and {n} more images", rest)
    dropped = counts[Action.DROP]
    return text + ", " + counted("{n} copy dropped", "{n} copies dropped", dropped)
