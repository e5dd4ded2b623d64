"""What two images can be to one another, and what a group of them can mean: the kinds of the category `duplicate`.

In the order from the plainest evidence to the faintest. Both duplicate engines report them.
"""

from curate.findings import KindSpec
from curate.i18n import N_
from curate.schema import Category, Severity


def _duplicate(name: str, title: str, meaning: str, message: str) -> KindSpec:
    return KindSpec(name=name, category=Category.DUPLICATE, title=title, meaning=meaning, message=message)


LABEL_CONFLICT = KindSpec(
    name="label_conflict",
    category=Category.DUPLICATE,
    title=N_("One image in several classes"),
    meaning=N_("Copies of one image stand in different classes, so at least one label is wrong."),
    message=N_("The same image stands in the classes {values}."),
    severity=Severity.ERROR,
)
SPLIT_LEAK = KindSpec(
    name="split_leak",
    category=Category.DUPLICATE,
    title=N_("One image in several splits"),
    meaning=N_("Copies of one image stand in different splits, so a model would be tested on what it was trained on."),
    message=N_("The same image stands in the splits {values}."),
    severity=Severity.ERROR,
)
SAME_BYTES = _duplicate(
    "same_bytes",
    N_("Identical file"),
    N_("Byte for byte the same file as another."),
    N_("Byte for byte the same file as {other}."),
)
SAME_PIXELS = _duplicate(
    "same_pixels",
    N_("Identical pixels"),
    N_("Another file holds exactly the same pixels."),
    N_("Every pixel is the same as in {other}; only the file around them differs."),
)
RE_ENCODED = _duplicate(
    "re_encoded",
    N_("Re-encoded copy"),
    N_("The same image, compressed again."),
    N_("The same image as {other}, encoded again ({close})."),
)
RESIZED = _duplicate(
    "resized",
    N_("Resized copy"),
    N_("The same image at another size."),
    N_("A {size} copy of the {other_size} image {other} ({close})."),
)
RECOLOURED = _duplicate(
    "recoloured",
    N_("Recoloured copy"),
    N_("The same image with other colours, brightness or contrast."),
    N_("A copy of {other} with other colours, brightness or contrast ({close})."),
)
MIRRORED = _duplicate(
    "mirrored",
    N_("Mirrored copy"),
    N_("The same image, left and right exchanged."),
    N_("The image {other}, {transform} ({close})."),
)
ROTATED = _duplicate(
    "rotated",
    N_("Rotated copy"),
    N_("The same image, turned."),
    N_("The image {other}, {transform} ({close})."),
)
CROPPED = _duplicate(
    "cropped",
    N_("Cropped copy"),
    N_("A part cut out of another image."),
    N_("Shows {share:.0%} of {other} ({close})."),
)
EDITED = _duplicate(
    "edited",
    N_("Edited copy"),
    N_("The same image with something added, removed or painted over."),
    N_("An edited copy of {other}: one place differs by {residual:.0f} grey levels ({close})."),
)
BURST = _duplicate(
    "burst",
    N_("Frame of a sequence"),
    N_("A neighbour in a sequence, as frames of a camera or slices of a volume: not saved again but taken again."),
    N_("Not {other} itself but a neighbour in a sequence: one part differs by {residual:.0f} grey levels ({close})."),
)

SAME_SCENE = KindSpec(
    name="same_scene",
    category=Category.DUPLICATE,
    title=N_("Same scene, another face"),
    meaning=N_("All but the faces agrees with another image: one sitter, perhaps, with two expressions."),
    message=N_("Agrees with {other} in all but the faces."),
    severity=Severity.INFO,
)

EXACT = (SAME_BYTES, SAME_PIXELS)
RELATIONS = (SAME_BYTES, SAME_PIXELS, RE_ENCODED, RESIZED, RECOLOURED, MIRRORED, ROTATED, CROPPED, EDITED, BURST)
"""What one image is to another, the plainest evidence first."""
ALL = (LABEL_CONFLICT, SPLIT_LEAK, *RELATIONS, SAME_SCENE)
