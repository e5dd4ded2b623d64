"""What the tests of the report share."""

import pytest

import curate
from curate.reviewing.bulk import Selection, decide
from curate.schema import Action
from curate.storage.workspace import Workspace
from tests import sample_images
from tests.conftest import Audited
from tests.reports.pages import SCRIPT


@pytest.fixture
def decided(audited: Audited) -> Audited:
    """Copies dropped, one image kept, one relabelled, the rest undecided."""
    root = audited.workspace.root
    decide(root, Selection(categories=("duplicate",)), None, reviewer="ana", note="a copy")
    decide(root, Selection(kinds=("empty",)), Action.DROP, reviewer="bo")
    decide(
        root,
        Selection(paths=("*/night.jpg",)),
        Action.RELABEL,
        reviewer="bo",
        new_label="owls",
        new_class=True,
        note="an owl",
    )
    return audited


@pytest.fixture(scope="module")
def hostile_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Names and classes that are markup, formulas, mathematics and Markdown; all of them flagged."""
    root = tmp_path_factory.mktemp("hostile")
    sample_images.dataset(root / "source", classes=("$x_1$ <b>cats",))
    folder = root / "source" / '=cmd & "dogs" | `ls`'
    for index, name in enumerate(
        ("<script>alert(1)", "=1+2", "@sum", "a|b`c*d", "two\nlines", "<img src=x onerror=y>", "\u202egnp")
    ):
        sample_images.save(sample_images.photo(index) // 8, folder / f"{name}.jpg")
    (folder / "<svg onload=z>.png").write_bytes(b"")
    curate.audit(root / "source", root / "ws")
    decide(root / "ws", Selection(), Action.DROP, reviewer=f"=ana {SCRIPT}", note=f"+{SCRIPT} | `x`\n# no")
    return Workspace(root / "ws")


# What it says
