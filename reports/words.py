"""Every word of the report, in English and Brazilian Portuguese, and how either writes numbers and dates.

Invariants: both languages have every string (a missing one is a type error) and every kind; what scanners,
reviewers and the audit wrote is data and appears as it was stored, never translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from curate.schema import Category, Kind

Plural = tuple[str, str]
"""A phrase for one thing and for several, with {n} for the number."""


class Language(StrEnum):
    """The languages of the report."""

    ENGLISH = "en"
    PORTUGUESE = "pt-BR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language."""

    lang: Language
    thousands: str
    decimal: str
    months: tuple[str, ...]
    date_pattern: str

    categories: Mapping[Category, str]
    kinds: Mapping[Kind, tuple[str, str]]
    """Heading, and what it means in one sentence."""
    outcomes: Mapping[str, str]
    actions: Mapping[str, str]
    states: Mapping[str, str]

    overline: str
    title: str
    audited_on: str
    intro: str
    unfinished: Plural
    incomplete: str
    contents: str
    scroll: str
    footer: str

    images: str
    flagged: str
    confirmed: str
    dropped: str
    relabelled: str
    kept: str
    undecided: str
    classes: str
    total: str
    no_class: str

    table1_heading: str
    table1_caption: str
    table1_note: str

    overview_heading: str
    overview_labels: str
    overview_formats: str
    overview_splits: str
    overview_smallest: str
    overview_median: str
    overview_largest: str
    overview_bytes: str
    overview_unreadable: str
    overview_warning: str
    overview_skipped: str
    formats_caption: str
    splits_caption: str
    no_split: str
    format: str
    unknown_format: str
    size: str
    skipped_caption: str
    reason: str
    files: str
    prevalent_heading: str
    spurious_heading: str
    spurious_intro: str
    spurious_caption: str
    property: str
    guessed: str
    by_chance: str
    properties: Mapping[str, str]

    kinds_heading: str
    kinds_intro: str
    kinds_caption: str
    kind: str
    category: str
    no_findings: str
    sample: str
    whole_list: str
    keeper: str
    more_copies: Plural
    preview_alt: str
    not_opened: str
    file_missing: str
    nothing_left: str
    decided_by: str

    info_heading: str
    info_intro: str
    info_none: str
    images_count: Plural
    more_rows: str

    counts_heading: str
    counts_intro: str
    counts_caption: str
    counts_undecided: Plural
    chart_title: str
    chart_description: str
    chart_partial: str
    before: str
    after: str
    moved_out: str
    moved_in: str
    class_name: str
    of_which_undecided: str

    decisions_heading: str
    decisions_none: str
    decisions_intro: Plural
    decisions_caption: str
    decisions_capped: str
    reviewers_caption: str
    reviewer: str
    decisions: str
    first: str
    last: str
    when: str
    what: str
    path: str
    why: str
    state: str

    stale_heading: str
    stale_intro: str
    stale_none: str
    stale_caption: str

    reproduce_heading: str
    reproduce_intro: str
    reproduce_log: Plural
    commands: str
    configuration: str
    made_with: str
    source: str
    findings_hash: str
    log_rows: str

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with this language's separators."""
        text = f"{value:,.{decimals}f}"
        return text.translate(str.maketrans(",.", self.thousands + self.decimal))

    def bytes(self, count: float) -> str:
        """A size in bytes, in the largest unit that leaves at least one."""
        units = ("B", "kB", "MB", "GB", "TB")
        step = 0
        while count >= 1000 and step < len(units) - 1:
            count, step = count / 1000, step + 1
        return f"{self.number(count, 0 if step == 0 or count >= 100 else 1)} {units[step]}"

    def count(self, number: int, forms: Plural) -> str:
        """The phrase for one thing or for several."""
        return forms[number != 1].format(n=self.number(number))

    def day(self, value: date) -> str:
        """A date in words."""
        return self.date_pattern.format(day=value.day, month=self.months[value.month - 1], year=value.year)

    def when_text(self, moment: str | None) -> str:
        """A moment as the log records it, to the minute; columns say that it is UTC."""
        return (moment or "")[:16].replace("T", " ")

    def heading(self, kind: str) -> str:
        """The heading of a kind."""
        return self.kinds[Kind(kind)][0]

    def meaning(self, kind: str) -> str:
        """What a kind means, in one sentence."""
        return self.kinds[Kind(kind)][1]


ENGLISH = Words(
    lang=Language.ENGLISH,
    thousands=",",
    decimal=".",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    date_pattern="{day} {month} {year}",
    categories={
        Category.CORRUPTED: "Corrupted",
        Category.DUPLICATE: "Duplicates",
        Category.UNSUITABLE: "Unsuitable",
        Category.LABEL: "Doubtful label",
    },
    kinds={
        Kind.EMPTY: ("Empty files", "The file has no content."),
        Kind.NOT_AN_IMAGE: ("Not images", "The content is something other than an image."),
        Kind.UNREADABLE: ("Unreadable", "No decoder can make an image of the file."),
        Kind.TRUNCATED: ("Truncated", "The image data end too early."),
        Kind.DAMAGED: ("Damaged", "The decoder recovered, but pixels are wrong."),
        Kind.TOO_LARGE: ("Too large", "More pixels or bytes than the configured limit, so it was not decoded."),
        Kind.CRASHED: ("Crashed a decoder", "A decoder crashed on the file; it is not opened again."),
        Kind.TIMED_OUT: ("Timed out", "Reading took longer than the time limit; it is not opened again."),
        Kind.WRONG_EXTENSION: ("Wrong extension", "The name promises another format than the content has."),
        Kind.ODD_METADATA: ("Odd metadata", "The image is sound, but something stored beside it is not."),
        Kind.LABEL_CONFLICT: (
            "One image in several classes",
            "Copies of one image stand in different classes, so at least one label is wrong.",
        ),
        Kind.SPLIT_LEAK: (
            "One image in several splits",
            "Copies of one image stand in different splits, so a model would be tested on what it was trained on.",
        ),
        Kind.SAME_BYTES: ("Identical files", "Byte for byte the same file as another."),
        Kind.SAME_PIXELS: ("Identical pixels", "Another file holds exactly the same pixels."),
        Kind.RE_ENCODED: ("Re-encoded copies", "The same image, compressed again."),
        Kind.RESIZED: ("Resized copies", "The same image at another size."),
        Kind.RECOLOURED: ("Recoloured copies", "The same image with other colours, brightness or contrast."),
        Kind.MIRRORED: ("Mirrored copies", "The same image, left and right exchanged."),
        Kind.ROTATED: ("Rotated copies", "The same image, turned."),
        Kind.CROPPED: ("Cropped copies", "A part cut out of another image."),
        Kind.EDITED: ("Edited copies", "The same image with something added, removed or painted over."),
        Kind.NO_FACE: ("No face", "No face was found in the image."),
        Kind.SEVERAL_FACES: ("Several faces", "More than one face was found in the image."),
        Kind.SMALL_FACE: ("Small face", "The face fills little of the image: a body rather than a portrait."),
        Kind.TEXT_OVERLAY: ("Text overlay", "A watermark, a caption or other writing lies on the image."),
        Kind.DRAWING: ("Drawings", "A drawing or graphic rather than a photograph."),
        Kind.BLURRY: ("Blurry", "Fine detail is missing."),
        Kind.DARK: ("Dark", "Too dark to make out much."),
        Kind.BRIGHT: ("Bright", "So bright that detail is lost."),
        Kind.LOW_INFORMATION: ("Low information", "Nearly uniform: there is little to learn from it."),
        Kind.ODD_SIZE: ("Odd size", "Far smaller or larger than is typical of this dataset."),
        Kind.ODD_ASPECT_RATIO: ("Odd aspect ratio", "Unusually wide or unusually tall."),
        Kind.OFF_TOPIC: ("Off topic", "It resembles nothing else in its class."),
        Kind.SUSPECTED_MISLABEL: ("Suspected mislabels", "It looks more like an image of another class."),
    },
    outcomes={"dropped": "Dropped", "relabelled": "Relabelled", "kept": "Kept", "undecided": "Undecided"},
    actions={"keep": "Keep", "drop": "Drop", "relabel": "Relabel", "defer": "Defer", "undo": "Undo"},
    states={
        "in_force": "In force",
        "superseded": "Superseded by a later one",
        "taken_back": "Taken back",
        "stale": "Stale: the file has changed",
        "no_finding": "No effect: nothing is found there any more",
    },
    overline="Image dataset report",
    title="{name}: image dataset report",
    audited_on="Last audited on {date}",
    intro=(
        "This report shows what curate found in the {images} images of {name}, and what people decided about each "
        "of them. Scanners only flag; people decide, and nothing in the source has been changed or deleted."
    ),
    unfinished=(
        "The review is not finished: {n} flagged image still waits for a decision.",
        "The review is not finished: {n} flagged images still wait for a decision.",
    ),
    incomplete="The last audit was interrupted: what follows may describe an earlier one. Run the audit again.",
    contents="Contents",
    scroll="Table, can be scrolled sideways",
    footer="Made by curate {version}. Everything on this page is contained in this one file.",
    images="Images",
    flagged="Flagged",
    confirmed="Confirmed",
    dropped="Dropped",
    relabelled="Relabelled",
    kept="Kept",
    undecided="Undecided",
    classes="Classes",
    total="Total",
    no_class="(no class)",
    table1_heading="Flagged and confirmed images",
    table1_caption="Table 1. Images flagged, and confirmed by review, in each class.",
    table1_note=(
        "Every image counts once, in the first category that applies, from left to right. Of a group of duplicates "
        "the redundant copies count, not the one that stays. Confirmed means that a person dropped or relabelled it."
    ),
    overview_heading="The dataset",
    overview_labels="Classes",
    overview_formats="Formats",
    overview_splits="Splits",
    overview_smallest="Smallest image",
    overview_median="Median image",
    overview_largest="Largest image",
    overview_bytes="Size on disk",
    overview_unreadable="Unusable files",
    overview_warning="Damaged files",
    overview_skipped="Files left out",
    formats_caption="Images by file format, with resolutions in pixels.",
    splits_caption="Images by class and split.",
    no_split="(no split)",
    format="Format",
    unknown_format="(unknown)",
    size="Size",
    skipped_caption="Files in the source that are not part of the dataset.",
    reason="Reason",
    files="Files",
    prevalent_heading="True of the dataset as a whole",
    spurious_heading="What gives a class away",
    spurious_intro=(
        "A model can learn whatever tells the classes apart, not only what they show. Each property below was used "
        "alone to guess the class of images that were held back; far above chance is a warning."
    ),
    spurious_caption="Balanced accuracy of guessing the class from one property alone.",
    property="Property",
    guessed="Guessed rightly",
    by_chance="By chance",
    properties={
        "size": "Size in pixels",
        "shape": "Aspect ratio",
        "bytes_per_pixel": "Bytes per pixel",
        "format": "File format",
        "mode": "Colour mode",
        "file_name": "How files are named",
        "brightness": "Brightness",
        "contrast": "Contrast",
        "blur": "Blur",
        "colourfulness": "Colourfulness",
    },
    kinds_heading="Findings by kind",
    kinds_intro=(
        "An image may have findings of several kinds, so these numbers can add up to more than Table 1. Under each "
        "kind stand the clearest cases, taken from each class in turn."
    ),
    kinds_caption="Flagged images by kind of finding, and what was decided about them.",
    kind="Kind",
    category="Category",
    no_findings="Nothing was flagged.",
    sample="{shown} of {all} images shown.",
    whole_list="The whole list is in {file}.",
    keeper="Suggested to stay",
    more_copies=("{n} more copy", "{n} more copies"),
    preview_alt="Preview of {path}",
    not_opened="Not opened: the audit could not decode it safely",
    file_missing="The file is not in the source any more",
    nothing_left="Nothing to show: no image is left in it, or it has changed since the audit",
    decided_by="by {reviewer}, {when}",
    info_heading="For information",
    info_intro="Things worth knowing that ask for no decision. They are not in Table 1 and not in the review queue.",
    info_none="There is nothing further to report.",
    images_count=("{n} image", "{n} images"),
    more_rows="and {n} more, in {file}",
    counts_heading="Classes before and after",
    counts_intro="What the decisions so far come to, in images per class.",
    counts_caption="Images per class before and after the review.",
    counts_undecided=(
        "{n} undecided image is counted as still there; in the chart it is hatched.",
        "{n} undecided images are counted as still there; in the chart they are hatched.",
    ),
    chart_title="Images per class before and after the review",
    chart_description="Two bars for each class, images before and after. The table that follows has the numbers.",
    chart_partial="The chart shows the {shown} largest of {all} classes.",
    before="Before",
    after="After",
    moved_out="Moved out",
    moved_in="Moved in",
    class_name="Class",
    of_which_undecided="of which undecided",
    decisions_heading="Decisions",
    decisions_none="Nobody has decided anything yet.",
    decisions_intro=(
        "The log holds {n} decision. It is never altered: a change of mind is a new row.",
        "The log holds {n} decisions, newest first. It is never altered: a change of mind is a new row.",
    ),
    decisions_caption="Who decided what, when and why.",
    decisions_capped="The newest {shown} of {all} decisions; the whole log is in {file}.",
    reviewers_caption="Decisions by reviewer.",
    reviewer="Reviewer",
    decisions="Decisions",
    first="First (UTC)",
    last="Last (UTC)",
    when="When (UTC)",
    what="What",
    path="Image",
    why="Why",
    state="Now",
    stale_heading="Stale decisions",
    stale_intro=(
        "These decisions were about files whose content has changed since. They are listed here and not applied; "
        "the images are back in the review queue."
    ),
    stale_none="None: every decision that stands is about the bytes that were audited.",
    stale_caption="Decisions about content that has changed since.",
    reproduce_heading="How to reproduce this",
    reproduce_intro="Save the configuration below as curate.toml, then run:",
    reproduce_log=(
        (
            "The commands bring back the findings, but not the {n} decision: it lives in review.sqlite in the "
            "workspace, so keep that file."
        ),
        (
            "The commands bring back the findings, but not the {n} decisions: those live in review.sqlite in the "
            "workspace, so keep that file."
        ),
    ),
    commands="Commands",
    configuration="Configuration in force (curate.toml)",
    made_with="curate version of the audit",
    source="Source",
    findings_hash="SHA-256 of findings.parquet",
    log_rows="Decisions in the log",
)

PORTUGUESE = Words(
    lang=Language.PORTUGUESE,
    thousands=".",
    decimal=",",
    months=(
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ),
    date_pattern="{day} de {month} de {year}",
    categories={
        Category.CORRUPTED: "Corrompidas",
        Category.DUPLICATE: "Duplicados",
        Category.UNSUITABLE: "Inadequadas",
        Category.LABEL: "Rótulo duvidoso",
    },
    kinds={
        Kind.EMPTY: ("Arquivos vazios", "O arquivo não tem conteúdo."),
        Kind.NOT_AN_IMAGE: ("Não são imagens", "O conteúdo não é uma imagem."),
        Kind.UNREADABLE: ("Ilegíveis", "Nenhum decodificador consegue obter uma imagem do arquivo."),
        Kind.TRUNCATED: ("Truncadas", "Os dados da imagem terminam antes do fim."),
        Kind.DAMAGED: ("Danificadas", "O decodificador se recuperou, mas há pixels errados."),
        Kind.TOO_LARGE: (
            "Grandes demais",
            "Mais pixels ou bytes do que o limite configurado; por isso não foi decodificada.",
        ),
        Kind.CRASHED: ("Derrubaram o decodificador", "Um decodificador travou no arquivo; ele não é aberto de novo."),
        Kind.TIMED_OUT: ("Tempo esgotado", "A leitura passou do tempo limite; o arquivo não é aberto de novo."),
        Kind.WRONG_EXTENSION: ("Extensão errada", "O nome promete um formato diferente do conteúdo."),
        Kind.ODD_METADATA: ("Metadados estranhos", "A imagem está boa, mas algo gravado junto dela não está."),
        Kind.LABEL_CONFLICT: (
            "Uma imagem em várias classes",
            "Há cópias da mesma imagem em classes diferentes; pelo menos um rótulo está errado.",
        ),
        Kind.SPLIT_LEAK: (
            "Uma imagem em várias partições",
            "Há cópias da mesma imagem em partições diferentes; o modelo seria testado com o que viu no treino.",
        ),
        Kind.SAME_BYTES: ("Arquivos idênticos", "O mesmo arquivo que outro, byte a byte."),
        Kind.SAME_PIXELS: ("Pixels idênticos", "Outro arquivo contém exatamente os mesmos pixels."),
        Kind.RE_ENCODED: ("Cópias recodificadas", "A mesma imagem, comprimida de novo."),
        Kind.RESIZED: ("Cópias redimensionadas", "A mesma imagem em outro tamanho."),
        Kind.RECOLOURED: ("Cópias recoloridas", "A mesma imagem com outras cores, brilho ou contraste."),
        Kind.MIRRORED: ("Cópias espelhadas", "A mesma imagem com esquerda e direita trocadas."),
        Kind.ROTATED: ("Cópias giradas", "A mesma imagem, girada."),
        Kind.CROPPED: ("Cópias recortadas", "Uma parte recortada de outra imagem."),
        Kind.EDITED: ("Cópias editadas", "A mesma imagem com algo acrescentado, removido ou coberto."),
        Kind.NO_FACE: ("Sem rosto", "Nenhum rosto foi encontrado na imagem."),
        Kind.SEVERAL_FACES: ("Vários rostos", "Mais de um rosto foi encontrado na imagem."),
        Kind.SMALL_FACE: ("Rosto pequeno", "O rosto ocupa pouco da imagem: um corpo, mais do que um retrato."),
        Kind.TEXT_OVERLAY: ("Texto sobreposto", "Há marca-d'água, legenda ou outro texto sobre a imagem."),
        Kind.DRAWING: ("Desenhos", "Um desenho ou gráfico, e não uma fotografia."),
        Kind.BLURRY: ("Desfocadas", "Faltam os detalhes finos."),
        Kind.DARK: ("Escuras", "Escura demais para se distinguir o conteúdo."),
        Kind.BRIGHT: ("Claras demais", "Tão clara que os detalhes se perdem."),
        Kind.LOW_INFORMATION: ("Pouca informação", "Quase uniforme: há pouco a aprender com ela."),
        Kind.ODD_SIZE: ("Tamanho incomum", "Muito menor ou maior do que o típico neste conjunto."),
        Kind.ODD_ASPECT_RATIO: ("Proporção incomum", "Larga demais ou alta demais."),
        Kind.OFF_TOPIC: ("Fora do tema", "Não se parece com nada da sua classe."),
        Kind.SUSPECTED_MISLABEL: ("Rótulos suspeitos", "Parece mais uma imagem de outra classe."),
    },
    outcomes={
        "dropped": "Removida",
        "relabelled": "Reclassificada",
        "kept": "Mantida",
        "undecided": "Pendente",
    },
    actions={
        "keep": "Manter",
        "drop": "Remover",
        "relabel": "Reclassificar",
        "defer": "Adiar",
        "undo": "Desfazer",
    },
    states={
        "in_force": "Em vigor",
        "superseded": "Substituída por outra posterior",
        "taken_back": "Desfeita",
        "stale": "Desatualizada: o arquivo mudou",
        "no_finding": "Sem efeito: já não há nada sinalizado ali",
    },
    overline="Relatório do conjunto de imagens",
    title="{name}: relatório do conjunto de imagens",
    audited_on="Última auditoria em {date}",
    intro=(
        "Este relatório mostra o que o curate encontrou nas {images} imagens de {name} e o que as pessoas decidiram "
        "sobre cada uma delas. Os verificadores apenas sinalizam; quem decide são as pessoas, e nada na fonte foi "
        "alterado nem apagado."
    ),
    unfinished=(
        "A revisão não terminou: {n} imagem sinalizada ainda aguarda decisão.",
        "A revisão não terminou: {n} imagens sinalizadas ainda aguardam decisão.",
    ),
    incomplete=(
        "A última auditoria foi interrompida: o que segue pode descrever uma anterior. Execute a auditoria novamente."
    ),
    contents="Conteúdo",
    scroll="Tabela, pode ser rolada para os lados",
    footer="Feito com o curate {version}. Tudo o que há nesta página está neste único arquivo.",
    images="Imagens",
    flagged="Sinalizadas",
    confirmed="Confirmadas",
    dropped="Removidas",
    relabelled="Reclassificadas",
    kept="Mantidas",
    undecided="Pendentes",
    classes="Classes",
    total="Total",
    no_class="(sem classe)",
    table1_heading="Imagens sinalizadas e confirmadas",
    table1_caption="Tabela 1. Imagens sinalizadas, e confirmadas pela revisão, em cada classe.",
    table1_note=(
        "Cada imagem conta uma única vez, na primeira categoria que se aplica, da esquerda para a direita. De um "
        "grupo de duplicados contam as cópias redundantes, não a que fica. Confirmada quer dizer que uma pessoa a "
        "removeu ou reclassificou."
    ),
    overview_heading="O conjunto de dados",
    overview_labels="Classes",
    overview_formats="Formatos",
    overview_splits="Partições",
    overview_smallest="Menor imagem",
    overview_median="Imagem mediana",
    overview_largest="Maior imagem",
    overview_bytes="Tamanho em disco",
    overview_unreadable="Arquivos inutilizáveis",
    overview_warning="Arquivos danificados",
    overview_skipped="Arquivos deixados de fora",
    formats_caption="Imagens por formato de arquivo, com resoluções em pixels.",
    splits_caption="Imagens por classe e partição.",
    no_split="(sem partição)",
    format="Formato",
    unknown_format="(desconhecido)",
    size="Tamanho",
    skipped_caption="Arquivos da fonte que não fazem parte do conjunto.",
    reason="Motivo",
    files="Arquivos",
    prevalent_heading="Características do conjunto como um todo",
    spurious_heading="O que denuncia uma classe",
    spurious_intro=(
        "Um modelo pode aprender tudo o que separa as classes, não só o que elas mostram. Cada propriedade abaixo foi "
        "usada sozinha para adivinhar a classe de imagens reservadas; muito acima do acaso é um aviso."
    ),
    spurious_caption="Acurácia balanceada ao adivinhar a classe por uma única propriedade.",
    property="Propriedade",
    guessed="Acertos",
    by_chance="Por acaso",
    properties={
        "size": "Tamanho em pixels",
        "shape": "Proporção",
        "bytes_per_pixel": "Bytes por pixel",
        "format": "Formato do arquivo",
        "mode": "Modo de cor",
        "file_name": "Nome dos arquivos",
        "brightness": "Brilho",
        "contrast": "Contraste",
        "blur": "Desfoque",
        "colourfulness": "Intensidade das cores",
    },
    kinds_heading="Achados por tipo",
    kinds_intro=(
        "Uma imagem pode ter achados de vários tipos; por isso estes números podem somar mais do que a Tabela 1. "
        "Sob cada tipo estão os casos mais claros, tomados de cada classe alternadamente."
    ),
    kinds_caption="Imagens sinalizadas por tipo de achado, e o que se decidiu sobre elas.",
    kind="Tipo",
    category="Categoria",
    no_findings="Nada foi sinalizado.",
    sample="{shown} de {all} imagens exibidas.",
    whole_list="A lista completa está em {file}.",
    keeper="Sugerida para ficar",
    more_copies=("mais {n} cópia", "mais {n} cópias"),
    preview_alt="Miniatura de {path}",
    not_opened="Não aberta: a auditoria não conseguiu decodificá-la com segurança",
    file_missing="O arquivo já não está na fonte",
    nothing_left="Nada a exibir: não resta imagem no arquivo, ou ele mudou desde a auditoria",
    decided_by="por {reviewer}, {when}",
    info_heading="Para informação",
    info_intro="O que vale saber, mas não pede decisão. Não entra na Tabela 1 nem na fila de revisão.",
    info_none="Não há mais nada a relatar.",
    images_count=("{n} imagem", "{n} imagens"),
    more_rows="e mais {n}, em {file}",
    counts_heading="Classes antes e depois",
    counts_intro="O resultado das decisões até agora, em imagens por classe.",
    counts_caption="Imagens por classe antes e depois da revisão.",
    counts_undecided=(
        "{n} imagem pendente conta como mantida; no gráfico aparece hachurada.",
        "{n} imagens pendentes contam como mantidas; no gráfico aparecem hachuradas.",
    ),
    chart_title="Imagens por classe antes e depois da revisão",
    chart_description="Duas barras por classe, imagens antes e depois. A tabela a seguir traz os números.",
    chart_partial="O gráfico mostra as {shown} maiores de {all} classes.",
    before="Antes",
    after="Depois",
    moved_out="Saíram",
    moved_in="Entraram",
    class_name="Classe",
    of_which_undecided="das quais pendentes",
    decisions_heading="Decisões",
    decisions_none="Ninguém decidiu nada ainda.",
    decisions_intro=(
        "O registro contém {n} decisão. Ele nunca é alterado: quem muda de ideia acrescenta uma linha.",
        (
            "O registro contém {n} decisões, da mais nova à mais antiga. Ele nunca é alterado: quem muda de ideia "
            "acrescenta uma linha."
        ),
    ),
    decisions_caption="Quem decidiu o quê, quando e por quê.",
    decisions_capped="As {shown} decisões mais novas de {all}; o registro completo está em {file}.",
    reviewers_caption="Decisões por revisor.",
    reviewer="Revisor",
    decisions="Decisões",
    first="Primeira (UTC)",
    last="Última (UTC)",
    when="Quando (UTC)",
    what="O quê",
    path="Imagem",
    why="Por quê",
    state="Agora",
    stale_heading="Decisões desatualizadas",
    stale_intro=(
        "Estas decisões tratavam de arquivos cujo conteúdo mudou desde então. Elas são listadas, mas não aplicadas; "
        "as imagens voltaram à fila de revisão."
    ),
    stale_none="Nenhuma: toda decisão em vigor trata dos bytes que foram auditados.",
    stale_caption="Decisões sobre conteúdo que mudou desde então.",
    reproduce_heading="Como reproduzir",
    reproduce_intro="Salve a configuração abaixo como curate.toml e execute:",
    reproduce_log=(
        (
            "Os comandos refazem os achados, mas não a {n} decisão: ela está em review.sqlite, no espaço de "
            "trabalho; guarde esse arquivo."
        ),
        (
            "Os comandos refazem os achados, mas não as {n} decisões: elas estão em review.sqlite, no espaço de "
            "trabalho; guarde esse arquivo."
        ),
    ),
    commands="Comandos",
    configuration="Configuração em vigor (curate.toml)",
    made_with="Versão do curate na auditoria",
    source="Fonte",
    findings_hash="SHA-256 de findings.parquet",
    log_rows="Decisões no registro",
)

_ALL = {Language.ENGLISH: ENGLISH, Language.PORTUGUESE: PORTUGUESE}


def words(lang: Language) -> Words:
    """The words of a language."""
    return _ALL[lang]
