"""The report: what it says agrees with the workspace, it needs nothing else, and no data can act in it."""

import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import curate
from curate import reports
from curate.auditing.judge import DatasetProperty
from curate.errors import CurateError, MissingExtraError, WorkspaceError
from curate.i18n import msg
from curate.reports.commands import register
from curate.reviewing.bulk import Selection, decide
from curate.schema import FINDINGS, Action
from curate.sources import Skipped
from curate.storage import safe_csv
from curate.storage.workspace import Workspace, write_table
from tests import sample_images
from tests.conftest import Audited

SCRIPT = "<script>alert(1)</script>"
VOID = {"meta", "img", "wbr", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a browser would make of the report: its tables, texts and attributes; ill-nested tags are noted."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.captions: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "caption":
            self.captions.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self._open) and "table" in self._open:
            self.tables[-1][-1][-1] += data
        if "caption" in self._open:
            self.captions[-1] += data.strip()

    def table(self, caption: str) -> list[list[str]]:
        """The rows of the table whose caption begins so."""
        found = next(rows for rows, text in zip(self.tables, self.captions, strict=True) if text.startswith(caption))
        return [[" ".join(cell.split()) for cell in row] for row in found]


def page_of(workspace: Workspace, lang: str = "en") -> Page:
    written = reports.report(workspace.root, lang=lang)
    return Page(written[0].read_text(encoding="utf-8"))


@pytest.fixture
def decided(audited: Audited) -> Audited:
    """Copies dropped, one image kept, one relabelled, the rest undecided."""
    root = audited.workspace.root
    decide(root, Selection(categories=("duplicate",)), None, reviewer="ana", note="a copy")
    decide(root, Selection(kinds=("empty",)), Action.DROP, reviewer="bo")
    decide(root, Selection(paths=("*/night.jpg",)), Action.RELABEL, reviewer="bo", new_label="owls", note="an owl")
    return audited


@pytest.fixture(scope="module")
def hostile_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Names and classes that are markup, formulas, mathematics and Markdown; all of them flagged."""
    root = tmp_path_factory.mktemp("hostile")
    sample_images.dataset(root / "source", classes=("$x_1$ <b>cats",))
    folder = root / "source" / '=cmd & "dogs" | `ls`'
    for index, name in enumerate(
        ("<script>alert(1)", "=1+2", "@sum", "a|b`c*d", "two\nlines", "<img src=x onerror=y>")
    ):
        sample_images.save(sample_images.photo(index) // 8, folder / f"{name}.jpg")
    (folder / "<svg onload=z>.png").write_bytes(b"")
    curate.audit(root / "source", root / "ws")
    decide(root / "ws", Selection(), Action.DROP, reviewer=f"=ana {SCRIPT}", note=f"+{SCRIPT} | `x`\n# no")
    return Workspace(root / "ws")


# What it says


def test_table_1_is_the_table_that_status_prints(decided: Audited) -> None:
    expected = curate.status(decided.workspace.root).class_summary
    rows = page_of(decided.workspace).table("Table 1")
    assert rows[0] == ["Classes", "Images", "Corrupted", "Duplicates", "Unsuitable"]
    assert rows[1] == ["Flagged", "Confirmed"] * 3
    shown = expected[[name for name in expected if not name.startswith("label_")]]
    assert rows[2:] == [[str(label), *map(str, row)] for label, row in zip(shown.index, shown.to_numpy(), strict=True)]
    table = safe_csv.read(decided.workspace.root / "report.csv")
    assert table.set_index("label").astype("int64").to_dict() == shown.to_dict()


def test_a_fourth_column_appears_where_labels_are_in_doubt(audited: Audited) -> None:
    findings = audited.workspace.read_findings()
    doubtful = findings.head(1).assign(
        finding_id="x",
        category="label",
        kind="suspected_mislabel",
        path="cats/000.jpg",
        role="subject",
        severity="warning",
    )
    write_table(doubtful, FINDINGS, audited.workspace.findings)
    assert page_of(audited.workspace).table("Table 1")[0][-1] == "Doubtful label"
    assert "label_flagged" in safe_csv.read(audited.workspace.root / "report.csv")


def test_portuguese_has_the_headings_of_the_study(decided: Audited) -> None:
    page = page_of(decided.workspace, "pt-BR")
    assert page.table("Tabela 1")[0] == ["Classes", "Imagens", "Corrompidas", "Duplicados", "Inadequadas"]
    assert dict(page.tags)["html"] == {"lang": "pt-BR"}
    assert "Classes antes e depois" in page.text
    markdown = (decided.workspace.root / "report.md").read_text(encoding="utf-8")
    assert "| Classes | Imagens | Corrompidas: sinalizadas | Corrompidas: confirmadas | Duplicados:" in markdown


def test_reasons_are_in_the_language_of_the_page_and_english_in_the_csv(decided: Audited) -> None:
    assert "O arquivo está vazio (0 bytes)." in page_of(decided.workspace, "pt-BR").text
    table = safe_csv.read(decided.workspace.root / "report-findings.csv")
    assert "The file is empty (0 bytes)." in set(table["reason"])
    assert "message" not in table


def test_the_tiles_agree_with_status(decided: Audited) -> None:
    status = curate.status(decided.workspace.root)
    html = reports.report(decided.workspace.root)[0].read_text(encoding="utf-8")
    tiles = {
        name: int(value) for name, value in re.findall(r'class="tile (\w+)"><dt>[^<]*</dt><dd>([\d,]+)</dd>', html)
    }
    assert tiles["images"] == status.class_summary.loc["Total", "images"]
    assert tiles["flagged"] == status.progress.images
    assert tiles["undecided"] == status.progress.images - status.progress.images_done
    assert tiles["undecided"] > 0
    assert (tiles["dropped"], tiles["relabelled"]) == (status.verdicts["drop"], status.verdicts["relabel"])


def test_classes_after_are_those_of_the_manifest(decided: Audited) -> None:
    manifest = curate.manifest(decided.workspace.root, pending="keep")
    kept = manifest[manifest["action"] != "drop"]["final_label"].value_counts()
    rows = page_of(decided.workspace).table("Images per class before and after")
    assert {row[0]: int(row[5]) for row in rows[1:-1]} == kept.to_dict()
    assert [row[0] for row in rows[1:-1]] == ["cats", "dogs", "owls"]


def test_a_copy_stands_beside_its_keeper(decided: Audited) -> None:
    html = reports.report(decided.workspace.root)[0].read_text(encoding="utf-8").replace("<wbr>", "")
    section = html[html.index('id="kind-same_bytes"') :]
    group = section[section.index('<div class="copies"') : section.index("</section>")]
    names = re.findall(r'class="path"><bdi>([^<]*)', group)
    assert sorted(names) == ["dogs/000.jpg", "dogs/again.jpg"]
    assert group.index("Suggested to stay") < group.index("Dropped") < group.index("by ana")
    assert group.count("data:image/jpeg;base64,") == 2


def test_decisions_say_who_what_and_why_newest_first(decided: Audited) -> None:
    rows = page_of(decided.workspace).table("Who decided what")
    assert rows[1][1:4] == ["bo", "Relabel → owls", "dogs/night.jpg"]
    assert rows[1][5:] == ["an owl", "In force"]
    assert rows[-1][1] == "ana"
    table = safe_csv.read(decided.workspace.root / "report-decisions.csv")
    assert table["id"].astype(int).tolist() == sorted(table["id"].astype(int), reverse=True)


def test_many_decisions_are_folded_away_and_few_are_not(audited: Audited) -> None:
    root = audited.workspace.root
    decide(root, Selection(), Action.DEFER, reviewer="ana")
    assert '<details class="log">' not in reports.report(root)[0].read_text(encoding="utf-8")
    for _ in range(12):
        decide(root, Selection(), Action.DEFER, reviewer="ana")
    assert '<details class="log">' in reports.report(root)[0].read_text(encoding="utf-8")


def test_a_decision_about_bytes_that_changed_is_listed_as_stale(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "source")
    night = sample_images.save(sample_images.photo(7) // 8, source / "cats" / "night.jpg")
    curate.audit(source, tmp_path / "ws")
    decide(tmp_path / "ws", Selection(paths=("*/night.jpg",)), Action.DROP, reviewer="ana", note="too dark")
    sample_images.save(sample_images.photo(8) // 8, night)
    curate.audit(source, tmp_path / "ws")
    rows = page_of(Workspace(tmp_path / "ws")).table("Decisions about content that has changed")
    assert rows[1][1:4] == ["ana", "Drop", "cats/night.jpg"]
    assert rows[1][5:] == ["too dark", "Stale: the file has changed"]


def test_what_is_only_informative_is_listed_apart(tmp_path: Path) -> None:
    source = sample_images.dataset(tmp_path / "source")
    sample_images.save(sample_images.photo(9), source / "cats" / "really.jpg", "PNG")
    curate.audit(source, tmp_path / "ws")
    page = page_of(Workspace(tmp_path / "ws"))
    assert "Nothing was flagged." in page.text
    assert "Wrong extension" in page.text
    assert "The file is named .jpg, but its content is PNG." in page.text


def test_images_without_a_class_have_a_row_of_their_own(tmp_path: Path) -> None:
    for number in range(3):
        sample_images.save(sample_images.photo(number), tmp_path / "source" / f"{number}.jpg")
    curate.audit(tmp_path / "source", tmp_path / "ws")
    page = page_of(Workspace(tmp_path / "ws"), "pt-BR")
    assert page.table("Tabela 1")[2][:2] == ["(sem classe)", "3"]
    assert page.table("Imagens por classe antes")[1][:2] == ["(sem classe)", "3"]


def test_files_left_out_and_notes_about_the_whole_dataset_are_told(audited: Audited) -> None:
    facts = audited.workspace.read_audit()
    facts["skipped"] = [
        Skipped("a.txt", msg("extension '{suffix}' is not an image format", suffix=".txt")).to_json(),
        {"path": ".b", "reason": "hidden file"},
    ]
    message = msg("{title}: {count} of {images} images.", title=msg("Blurry"), count=9, images=10)
    facts["prevalent"] = [DatasetProperty("blurry", "unsuitable", 9, 0.9, message).to_json()]
    audited.workspace.audit.write_text(json.dumps(facts), encoding="utf-8")
    page = page_of(audited.workspace)
    skipped = [["extension '.txt' is not an image format", "1"], ["hidden file", "1"]]
    assert page.table("Files in the source")[1:] == skipped
    assert "Blurry: 9 of 10 images." in page.text
    page = page_of(audited.workspace, "pt-BR")
    assert page.table("Arquivos da origem")[1][0] == "a extensão '.txt' não é de formato de imagem"


def test_it_says_how_to_make_it_again(decided: Audited) -> None:
    page = page_of(decided.workspace)
    assert f"curate audit {decided.source} -w ws --config curate.toml" in page.text
    assert "curate report ws -o report.html --lang en" in page.text
    assert decided.workspace.config.read_text(encoding="utf-8").strip() in page.text


# It needs nothing else


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_nothing_outside_the_page_is_referred_to(decided: Audited, lang: str) -> None:
    html = reports.report(decided.workspace.root, lang=lang)[0].read_text(encoding="utf-8")
    assert not re.findall(r"https?://", re.sub(r'xmlns(:\w+)?="[^"]*"', "", html))
    assert not re.search(r"<(script|link|iframe|object|base)\b|@import|url\((?!#)", html)
    page = Page(html)
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/jpeg;base64,")), (tag, attributes)
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")


def test_the_page_is_well_formed_and_its_images_have_words(decided: Audited) -> None:
    page = page_of(decided.workspace)
    assert page.unbalanced == []
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert images
    assert all((attributes["alt"] or "").startswith("Preview of ") for attributes in images)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    targets = {(attributes.get("href") or "")[1:] for tag, attributes in page.tags if tag == "a"}
    assert targets <= set(identifiers)
    assert ("svg", "img") in {(tag, attributes.get("role")) for tag, attributes in page.tags}
    assert all(page.captions)


def test_the_same_workspace_gives_the_same_bytes(decided: Audited, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    reports.report(decided.workspace.root, first / "r.html")
    shutil.rmtree(decided.workspace.thumbs)
    np.random.default_rng().random()
    reports.report(decided.workspace.root, second / "r.html")
    assert sorted(path.name for path in first.iterdir()) == [
        "r-decisions.csv",
        "r-findings.csv",
        "r.csv",
        "r.html",
        "r.md",
    ]
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_source_that_is_gone_still_has_a_report(decided: Audited) -> None:
    facts = decided.workspace.read_audit()
    facts["root"] = str(decided.source.with_name("moved-away"))
    decided.workspace.audit.write_text(json.dumps(facts), encoding="utf-8")
    page = page_of(decided.workspace)
    assert "The file is not in the source any more" in page.text
    assert not [tag for tag, _ in page.tags if tag == "img"]


def test_images_of_a_tar_are_embedded_and_are_gone_only_if_the_tar_lacks_them(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "src", classes=("cats",))
    sample_images.save(sample_images.photo(1) // 8, tmp_path / "src" / "cats" / "night.jpg")
    packed = sample_images.tar(tmp_path / "src", tmp_path / "shards.tar")
    curate.audit(packed, tmp_path / "ws")
    workspace = Workspace(tmp_path / "ws")
    page = page_of(workspace)
    (image,) = [attributes for tag, attributes in page.tags if tag == "img"]
    assert image["alt"] == "Preview of shards.tar/cats/night.jpg"
    assert (image["src"] or "").startswith("data:image/jpeg;base64,")
    shutil.rmtree(workspace.thumbs)
    packed.unlink()
    assert "The file is not in the source any more" in page_of(workspace).text
    (tmp_path / "src" / "cats" / "night.jpg").write_bytes(b"another file of that name")
    sample_images.tar(tmp_path / "src", packed)
    assert "Nothing to show: no image is left in it" in page_of(workspace).text


def test_a_report_beside_a_tar_or_a_list_is_not_inside_the_source(tmp_path: Path) -> None:
    sample_images.dataset(tmp_path / "src", classes=("cats",))
    packed = sample_images.tar(tmp_path / "src", tmp_path / "shards.tar")
    curate.audit(packed, tmp_path / "ws")
    assert reports.report(tmp_path / "ws", tmp_path / "report.html")


def test_the_day_of_the_audit_is_told_where_the_audit_noted_it(audited: Audited) -> None:
    facts = audited.workspace.read_audit()
    facts["audited_at"] = "2026-11-25T23:30:00+00:00"
    audited.workspace.audit.write_text(json.dumps(facts), encoding="utf-8")
    assert "Last audited on 25 November 2026" in page_of(audited.workspace).text
    assert "Última auditoria em 25 de novembro de 2026" in page_of(audited.workspace, "pt-BR").text
    del facts["audited_at"]
    audited.workspace.audit.write_text(json.dumps(facts), encoding="utf-8")
    assert "Last audited" not in page_of(audited.workspace).text


def test_a_file_that_crashed_a_decoder_is_not_opened(audited: Audited) -> None:
    findings = audited.workspace.read_findings()
    findings.loc[findings["kind"] == "dark", ["kind", "category"]] = ["crashed", "corrupted"]
    write_table(findings, FINDINGS, audited.workspace.findings)
    shutil.rmtree(audited.workspace.thumbs)
    page = page_of(audited.workspace)
    images = audited.workspace.read_images().set_index("path")
    sha256 = images.loc["dogs/night.jpg", "sha256"]
    assert "Not opened: the audit could not decode it safely" in page.text
    assert not list(audited.workspace.thumbs.rglob(f"{sha256}*"))


# Data cannot act


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_names_and_notes_are_text_in_the_page(hostile_once: Workspace, lang: str, tmp_path: Path) -> None:
    html = reports.report(hostile_once.root, tmp_path / "r.html", lang=lang)[0].read_text(encoding="utf-8")
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert "script" not in tags
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert page.unbalanced == []
    assert SCRIPT in page.text
    assert "$x_1$ <b>cats" in page.text


def test_names_and_notes_are_text_in_markdown(hostile_once: Workspace, tmp_path: Path) -> None:
    reports.report(hostile_once.root, tmp_path / "r.html")
    text = (tmp_path / "r.md").read_text(encoding="utf-8").removeprefix("<!-- curate report -->\n")
    prose = [line for line in text.splitlines() if not line.startswith("    ")]
    assert not re.search(r"(?<!\\)[<>`]", "\n".join(prose))
    assert "# no" not in prose
    tables = re.findall(r"(?m)(?:^\|.*\n)+", text)
    assert tables
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_no_cell_of_the_csv_files_is_a_formula(hostile_once: Workspace, tmp_path: Path) -> None:
    for path in reports.report(hostile_once.root, tmp_path / "r.html")[2:]:
        frame = safe_csv.pd.read_csv(path, dtype=object, keep_default_na=False)
        cells = [cell for column in frame for cell in frame[column]]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    notes = safe_csv.read(tmp_path / "r-decisions.csv")["note"]
    assert set(notes) == {f"+{SCRIPT} | `x`\n# no"}


# What it refuses


def test_the_name_must_end_in_html(audited: Audited, tmp_path: Path) -> None:
    with pytest.raises(CurateError, match=r"ends in \.html"):
        reports.report(audited.workspace.root, tmp_path / "report.pdf")


def test_nothing_is_written_into_the_source(audited: Audited) -> None:
    with pytest.raises(CurateError, match="only ever read"):
        reports.report(audited.workspace.root, audited.source / "report.html")


@pytest.mark.parametrize("name", ["README.md", "README.csv", "README-findings.csv"])
def test_a_file_that_is_not_a_report_is_not_replaced(audited: Audited, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(CurateError, match="not an earlier report"):
        reports.report(audited.workspace.root, tmp_path / "README.html")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_an_earlier_report_is_replaced(decided: Audited) -> None:
    reports.report(decided.workspace.root, lang="pt-BR")
    assert len(reports.report(decided.workspace.root)) == 5


def test_an_unknown_language_is_refused(audited: Audited) -> None:
    with pytest.raises(CurateError, match="en, pt-BR"):
        reports.report(audited.workspace.root, lang="de")


def test_no_workspace_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is not a curate workspace"):
        reports.report(tmp_path)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_with_its_cure(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'imagecurate\[report\]'"):
        reports.report(audited.workspace.root)


# The command


def test_the_command_says_what_it_wrote(decided: Audited, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    target = tmp_path / "r.html"
    result = CliRunner().invoke(app, [str(decided.workspace.root), "-o", str(target), "--lang", "pt-br"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"wrote {tmp_path / name}" for name in ("r.html", "r.md", "r.csv", "r-findings.csv", "r-decisions.csv")
    ]
