"""The report: what it says agrees with the workspace, it needs nothing else, and no data can act in it."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import curate
from curate import reports
from curate.auditing.judge import DatasetProperty
from curate.i18n import msg
from curate.reviewing.bulk import Selection, decide
from curate.schema import FINDINGS, Action
from curate.sources import Skipped
from curate.storage import safe_csv
from curate.storage.workspace import Workspace, write_table
from tests import sample_images
from tests.conftest import Audited
from tests.reports.pages import Page, page_of


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


def test_what_was_dropped_without_a_flag_is_told_beside_the_tiles(decided: Audited) -> None:
    """Or dropped, relabelled, kept and undecided images would be more than the flagged ones, without a reason."""
    root = decided.workspace.root
    flagged = set(decided.workspace.read_findings()["path"])
    plain = next(path for path in decided.workspace.read_images(["path"])["path"] if path not in flagged)
    assert "not among the flagged ones" not in page_of(decided.workspace).text
    curate.decide(root, Selection(paths=(plain,)), Action.DROP, reviewer="ana")
    said = "1 image that was dropped or relabelled is not among the flagged ones"
    assert said in page_of(decided.workspace).text
    assert (
        "1 imagem descartada ou reclassificada não está entre as sinalizadas"
        in page_of(decided.workspace, "pt-BR").text
    )
    curate.decide(root, Selection(paths=(plain,)), Action.KEEP, reviewer="ana")
    assert said not in page_of(decided.workspace).text


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


def test_what_has_no_class_or_split_is_named_so_beside_what_has_and_counts_as_none(tmp_path: Path) -> None:
    rows = ["path,label,split", "0.jpg,cats,train", "1.jpg,nan,train", "2.jpg,cats,test", "3.jpg,cats,", "4.jpg,,"]
    for number in range(5):
        sample_images.save(sample_images.photo(number), tmp_path / "source" / f"{number}.jpg")
    (tmp_path / "source" / "list.csv").write_text("\n".join(rows))
    curate.audit(tmp_path / "source" / "list.csv", tmp_path / "ws")
    page = page_of(Workspace(tmp_path / "ws"))
    assert [row[:2] for row in page.table("Images per class before")[1:-1]] == [
        ["cats", "3"],
        ["nan", "1"],
        ["(no class)", "1"],
    ]
    assert "Classes2 " in " ".join(page.text.split("\n"))
    assert "Splits2 " in " ".join(page.text.split("\n"))


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


def test_an_edit_that_was_never_judged_did_not_lead_to_the_findings(decided: Audited) -> None:
    judged_by = decided.workspace.config.read_text(encoding="utf-8")
    decided.workspace.config.write_text(judged_by.replace("blurry = 0.55", "blurry = 0.9"), encoding="utf-8")
    assert judged_by.strip() in page_of(decided.workspace).text
    curate.judge(decided.workspace.root)
    assert "blurry = 0.9" in page_of(decided.workspace).text


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
