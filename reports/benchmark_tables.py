"""The benchmark as tables: what was measured beside what the study printed, and where the two protocols part.

Pure: from the JSON that `curate benchmark` leaves in the workspace to captions, heads and rows of text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.reports.chart import Curve
from curate.reports.words import Language, Words

_FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")

_ENGLISH = {
    "heading": "Before and after",
    "intro": "EfficientNet-B0 with the weights {weights}, {seeds} runs of each model; decisions: {decisions}. "
    "Images: {raw} raw, {kept} kept, {extension} to extend with, {faces} faces to test on.",
    "table1": "Table 1: images flagged in the raw dataset; in brackets what the study removed from its own.",
    "total": "Total",
    "classes": "Classes",
    "corrupted": "Corrupted",
    "duplicate": "Duplicate",
    "unsuitable": "Unsuitable",
    "curves": "Learning curves",
    "curves_description": "Losses and accuracies by epoch, published protocol, mean of all runs; points are the "
    "study's. The tables below hold the numbers.",
    "loss": "Loss by epoch",
    "accuracy": "Accuracy by epoch",
    "means": "Mean accuracy over the epochs, published protocol: each model on a test set of its own. "
    "The study prints .79 as the reference's training mean; its printed epochs average .803.",
    "model": "Model",
    "train": "Train",
    "test": "Test",
    "study": "study",
    "here": "here",
    "epochs": "Epochs of the {model} model, published protocol, mean of all runs; the study's figures in brackets.",
    "epoch": "Epoch",
    "train_loss": "Train loss",
    "train_accuracy": "Train accuracy",
    "test_loss": "Test loss",
    "test_accuracy": "Test accuracy",
    "controlled": "Controlled protocol: the same test images for every model. Accuracy and macro-F1 after the "
    "last epoch, mean ± half the 95 % interval over runs.",
    "trained_on": "Trained on",
    "raw": "raw test",
    "face": "face test",
    "confusion": "Confusions on the {test}, {model}, all runs added up: rows are the true classes.",
    "verdict_raw": "On raw images the proposed model is {points:+.1f} points from the reference (95 % interval "
    "{low:+.1f} to {high:+.1f}), on faces {face_points:+.1f} ({face_low:+.1f} to {face_high:+.1f}).",
    "verdict_easy": "On test sets of their own the difference is {own:+.1f} points: {part:+.1f} points more than on "
    "the same raw images. That part is owed to the easier test set, not to the better model.",
    "verdict_hard": "On test sets of their own the difference is {own:+.1f} points, on the same raw images "
    "{raw:+.1f}: here the proposed model's own test set is not the easier one.",
    "pattern_yes": "As in the study, the reference over-fits (its test loss ends above its minimum) and the proposed "
    "model scores higher on its own test.",
    "pattern_no": "The study's pattern does not appear whole: reference over-fits: {overfits}; proposed higher on its "
    "own test: {higher}.",
    "yes": "yes",
    "no": "no",
}
_PORTUGUESE = {
    "heading": "Antes e depois",
    "intro": "EfficientNet-B0 com os pesos {weights}, {seeds} execuções de cada modelo; decisões: {decisions}. "
    "Imagens: {raw} brutas, {kept} mantidas, {extension} para estender, {faces} rostos para testar.",
    "table1": "Tabela 1: imagens sinalizadas no conjunto bruto; entre parênteses, as que o estudo removeu do seu.",
    "total": "Total",
    "classes": "Classes",
    "corrupted": "Corrompidas",
    "duplicate": "Duplicados",
    "unsuitable": "Inadequadas",
    "curves": "Curvas de aprendizado",
    "curves_description": "Perdas e acurácias por época, protocolo publicado, média das execuções; os pontos são do "
    "estudo. As tabelas abaixo trazem os números.",
    "loss": "Perda por época",
    "accuracy": "Acurácia por época",
    "means": "Acurácia média das épocas, protocolo publicado: cada modelo em seu próprio conjunto de teste. "
    "O estudo imprime 0,79 como média de treino da referência; a média das épocas impressas é 0,803.",
    "model": "Modelo",
    "train": "Treino",
    "test": "Teste",
    "study": "estudo",
    "here": "aqui",
    "epochs": "Épocas do modelo {model}, protocolo publicado, média das execuções; entre parênteses, o estudo.",
    "epoch": "Época",
    "train_loss": "Perda de treino",
    "train_accuracy": "Acurácia de treino",
    "test_loss": "Perda de teste",
    "test_accuracy": "Acurácia de teste",
    "controlled": "Protocolo controlado: as mesmas imagens de teste para todos. Acurácia e macro-F1 após a última "
    "época, média ± metade do intervalo de 95 % entre execuções.",
    "trained_on": "Treinado com",
    "raw": "teste bruto",
    "face": "teste de rostos",
    "confusion": "Confusões no {test}, {model}, soma das execuções: as linhas são as classes verdadeiras.",
    "verdict_raw": "Em imagens brutas o modelo proposto fica a {points:+.1f} pontos da referência (intervalo de 95 % "
    "de {low:+.1f} a {high:+.1f}); em rostos, a {face_points:+.1f} ({face_low:+.1f} a {face_high:+.1f}).",
    "verdict_easy": "Em conjuntos de teste próprios a diferença é de {own:+.1f} pontos: {part:+.1f} pontos a mais que "
    "nas mesmas imagens brutas. Essa parte se deve ao teste mais fácil, não ao modelo.",
    "verdict_hard": "Em conjuntos de teste próprios a diferença é de {own:+.1f} pontos; nas mesmas imagens brutas, "
    "{raw:+.1f}: aqui o teste próprio do modelo proposto não é o mais fácil.",
    "pattern_yes": "Como no estudo, a referência se sobreajusta (a perda de teste termina acima do mínimo) e o modelo "
    "proposto acerta mais em seu próprio teste.",
    "pattern_no": "O padrão do estudo não aparece inteiro: referência se sobreajusta: {overfits}; proposto maior em "
    "seu próprio teste: {higher}.",
    "yes": "sim",
    "no": "não",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, the heads of the columns, and rows of text whose first cell names the row."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """What the report says of the benchmark: a heading, sentences, tables, and the curves with their names."""

    heading: str
    sentences: Sequence[str]
    tables: Sequence[Table]
    curves: Sequence[Curve]
    curve_heads: tuple[str, str]
    curve_title: str
    curve_description: str


def section(found: Mapping[str, Any], w: Words) -> Section:
    """Everything the report shows of a benchmark."""
    t = _PORTUGUESE if w.lang is Language.PORTUGUESE else _ENGLISH
    published, arms = found["published_protocol"], found["controlled_protocol"]["arms"]
    sentences = [
        t["intro"].format(**{**found["images"], **{key: found[key] for key in ("weights", "seeds", "decisions")}}),
        *_verdicts(found, t),
    ]
    tables = [
        _table1(found["table1"], found["published"]["table1"], t),
        _means(published, found["published"], t),
        *(_epochs(name, published[name], found["published"][name], t) for name in ("reference", "proposed")),
        _controlled(arms, t),
        *(
            _confusion(found["classes"], arm, arms[arm][test]["confusion"], t[name], t)
            for arm in (next(iter(arms)), list(arms)[-1])
            for test, name in (("raw", "raw"), ("faces", "face"))
        ),
    ]
    return Section(
        t["heading"],
        sentences,
        tables,
        _curves(published, found["published"], t),
        (t["loss"], t["accuracy"]),
        t["curves"],
        t["curves_description"],
    )


def _curves(published: Mapping[str, Any], printed: Mapping[str, Any], t: Mapping[str, str]) -> list[Curve]:
    return [
        Curve(
            panel=panel,
            name=f"{model}, {t[part].lower()}",
            after=model == "proposed",
            training=part == "train",
            values=[epoch[f"{part}_{figure}"] for epoch in published[model]["epochs"]],
            study=printed[model][f"{part}_{figure}"],
            study_epochs=printed[model]["epochs"],
        )
        for panel, figure in enumerate(("loss", "accuracy"))
        for model in ("reference", "proposed")
        for part in ("train", "test")
    ]


def _table1(here: Sequence[Mapping[str, Any]], printed: Mapping[str, Sequence[int]], t: Mapping[str, str]) -> Table:
    """The study's classes beside ours of the same name; its totals beside ours."""
    study = {name.casefold(): numbers for name, numbers in printed.items()}
    study["total"] = [sum(column) for column in zip(*printed.values(), strict=True)]
    kinds = ("corrupted", "duplicate", "unsuitable")
    rows = []
    for row in here:
        known = study.get(str(row["label"]).casefold())
        cells = [str(row[f"{kind}_flagged"]) for kind in kinds]
        if known:
            cells = [f"{cell} ({number})" for cell, number in zip(cells, known, strict=True)]
        rows.append([t["total"] if row["label"] == "Total" else str(row["label"]), *cells])
    return Table(t["table1"], [t["classes"], *(t[kind] for kind in kinds)], rows)


def _verdicts(found: Mapping[str, Any], t: Mapping[str, str]) -> list[str]:
    raw, faces = (found["controlled_protocol"]["difference"][test] for test in ("raw", "faces"))
    published = found["published_protocol"]
    own = published["proposed"]["accuracy"]["mean"] - published["reference"]["accuracy"]["mean"]
    losses = [epoch["test_loss"] for epoch in published["reference"]["epochs"]]
    overfits, higher = losses[-1] > min(losses), own > 0
    pattern = t["pattern_yes"] if overfits and higher else t["pattern_no"]
    return [
        t["verdict_raw"].format(
            points=100 * raw["difference"],
            low=100 * raw["low"],
            high=100 * raw["high"],
            face_points=100 * faces["difference"],
            face_low=100 * faces["low"],
            face_high=100 * faces["high"],
        ),
        t["verdict_easy" if own > raw["difference"] else "verdict_hard"].format(
            own=100 * own, raw=100 * raw["difference"], part=100 * (own - raw["difference"])
        ),
        pattern.format(overfits=t["yes" if overfits else "no"], higher=t["yes" if higher else "no"]),
    ]


def _means(published: Mapping[str, Any], printed: Mapping[str, Any], t: Mapping[str, str]) -> Table:
    head = [t["model"], *(f"{t[part]} ({t[where]})" for part in ("train", "test") for where in ("study", "here"))]
    rows = []
    for name in ("reference", "proposed"):
        here = published[name]["mean_over_epochs"]
        rows.append(
            [
                name,
                *(
                    f"{value:.2f}"
                    for part in ("train", "test")
                    for value in (printed[name][f"mean_{part}_accuracy"], here[f"{part}_accuracy"])
                ),
            ]
        )
    return Table(t["means"], head, rows)


def _epochs(name: str, here: Mapping[str, Any], printed: Mapping[str, Any], t: Mapping[str, str]) -> Table:
    rows = []
    for number, epoch in enumerate(here["epochs"]):
        known = printed["epochs"].index(number) if number in printed["epochs"] else None
        cells = []
        for figure in _FIGURES:
            digits = 3 if figure.endswith("loss") else 2
            text = f"{epoch[figure]:.{digits}f}"
            cells.append(text if known is None else f"{text} ({printed[figure][known]:.{digits}f})")
        rows.append([str(number), *cells])
    return Table(t["epochs"].format(model=name), [t["epoch"], *(t[figure] for figure in _FIGURES)], rows)


def _controlled(arms: Mapping[str, Any], t: Mapping[str, str]) -> Table:
    head = [t["model"], t["trained_on"], t["raw"], f"{t['raw']}, F1", t["face"], f"{t['face']}, F1"]
    rows = [
        [
            arm,
            str(found["trained_on"]),
            *(_interval(found[test][figure]) for test in ("raw", "faces") for figure in ("accuracy", "macro_f1")),
        ]
        for arm, found in arms.items()
    ]
    return Table(t["controlled"], head, rows)


def _interval(value: Mapping[str, float | None]) -> str:
    half = value["half_width"]
    return f"{value['mean']:.3f}" if half is None else f"{value['mean']:.3f} ± {half:.3f}"


def _confusion(
    classes: Sequence[str], arm: str, counts: Sequence[Sequence[int]], test: str, t: Mapping[str, str]
) -> Table:
    rows = [[name, *map(str, row)] for name, row in zip(classes, counts, strict=True)]
    return Table(t["confusion"].format(test=test, model=arm), ["", *classes], rows)
