"""The benchmark: what it compares, how it goes on, and what it refuses before it begins."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.errors import ConfigError, CurateError

pytest.importorskip("torch")

from curate.train import loop
from curate.train.study import benchmark as study
from curate.train.study import growth, material
from curate.train.study.bank import Bank
from curate.train.study.benchmark import benchmark
from curate.train.study.controlled import CONTRASTS


@pytest.mark.slow
def test_the_benchmark_compares_and_the_report_shows_it(
    two_sets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate import reports

    monkeypatch.setattr(growth, "SHARES", (1.0,))
    monkeypatch.setattr(study, "seconds", lambda plan, material: 0.0)
    raw, extra = two_sets
    result = benchmark(
        material.Plan(profile="general", raw=raw, extra=extra, output=tmp_path / "out", seeds=2, per_class=8)
    )
    assert json.loads((tmp_path / "out" / "benchmark.json").read_text()) == json.loads(json.dumps(result))
    assert result["images"]["raw"] == 21
    assert result["images"]["kept"] == 20
    assert len(result["published_protocol"]["reference"]["epochs"]) == 6
    assert len(result["published_protocol"]["proposed"]["epochs"]) == 20
    again = result["published_protocol"]["again"]
    assert len(again["epochs"]) == 20
    assert again["epochs"][0]["train_loss"] < result["published_protocol"]["proposed"]["epochs"][0]["train_loss"]
    assert 0 < again["leak"]["seen_share"]["mean"] <= 1
    controlled = result["controlled_protocol"]
    arms = controlled["arms"]
    assert list(arms) == [
        "reference",
        "random removal",
        "cleaned",
        "+ extension",
        "+ balance",
        "proposed (+ shrinking)",
    ]
    # Two runs test on two of five folds, in which no image is twice; faces are the same for both.
    for test, times in (("raw", 1), ("approved", 1), ("faces", 2)):
        counted = {sum(map(sum, arm[test]["confusion"])) for arm in arms.values()}
        assert counted == {times * controlled["tests"][test]}
    assert controlled["tests"]["approved"] < controlled["tests"]["raw"]
    assert arms["+ balance"]["trained_on"] == 16
    assert arms["random removal"]["trained_on"] == arms["cleaned"]["trained_on"] < arms["reference"]["trained_on"]
    assert {(row["before"], row["after"]) for row in controlled["differences"]} == set(CONTRASTS)
    workspace = tmp_path / "out" / "workspace"
    html, markdown, *_ = reports.report(workspace, tmp_path / "report.html", lang="pt-BR")
    page = html.read_text(encoding="utf-8")
    assert "Protocolo controlado" in page
    assert "proposto, treinado de novo com nova divisão" in page
    assert '<title id="curves-title">Curvas de aprendizado</title>' in page
    assert "Tabela 1: imagens sinalizadas no conjunto bruto" in page
    assert "proposto (+ redução)" in markdown.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_benchmark_that_was_killed_ends_with_the_same_bytes(
    two_sets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_run = Bank.run

    def shorter(bank: Bank, config: loop.TrainConfig, rounds: Any, seed: int) -> Any:
        return whole_run(bank, replace(config, epochs=2), rounds, seed)

    monkeypatch.setattr(Bank, "run", shorter)
    monkeypatch.setattr(study, "seconds", lambda plan, material: 0.0)
    monkeypatch.setattr(growth, "SHARES", (0.5, 1.0))
    raw, extra = two_sets
    plan = material.Plan(profile="general", raw=raw, extra=extra, output=tmp_path / "out", seeds=1, per_class=6)
    benchmark(plan)
    written = tmp_path / "out" / "benchmark.json"
    whole = written.read_bytes()
    written.unlink()
    runs = sorted((tmp_path / "out" / "runs").iterdir())
    for file in runs[::2]:
        file.unlink()
    benchmark(plan)
    assert written.read_bytes() == whole
    assert sorted((tmp_path / "out" / "runs").iterdir()) == runs


def test_an_extension_without_a_class_is_refused(two_sets: tuple[Path, Path], tmp_path: Path) -> None:
    raw, extra = two_sets
    (extra / "dogs").rename(extra / "birds")
    with pytest.raises(ConfigError, match="no images of dogs"):
        benchmark(material.Plan(profile="general", raw=raw, extra=extra, output=tmp_path / "out", seeds=1, per_class=4))


def test_a_workspace_of_another_dataset_is_refused(two_sets: tuple[Path, Path], tmp_path: Path) -> None:
    raw, extra = two_sets
    curate.audit(extra, tmp_path / "ws")
    with pytest.raises(ConfigError, match=r"ws is an audit of .*extra, not of .*raw"):
        benchmark(material.Plan(raw=raw, extra=extra, output=tmp_path / "out", workspace=tmp_path / "ws"))


def test_a_dataset_that_does_not_exist_is_named(two_sets: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere does not exist"):
        benchmark(material.Plan(raw=two_sets[0], extra=tmp_path / "nowhere", output=tmp_path / "out"))


@pytest.mark.parametrize(("name", "bad"), [("raw", ""), ("raw", "notes.zip"), ("extra", ""), ("extra", "notes.zip")])
def test_a_benchmark_of_what_is_no_source_of_images_leaves_nothing_behind(
    name: str, bad: str, two_sets: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.zip").write_text("no archive")
    given = {"raw": two_sets[0], "extra": two_sets[1], name: str(tmp_path / bad) if bad else ""}
    with pytest.raises(CurateError):
        benchmark(material.Plan(**given, output=tmp_path / "out"))
    assert not (tmp_path / "out").exists()
