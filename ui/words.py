"""Every word of the reviewer, in English and Brazilian Portuguese.

Invariants: both languages have every string (a missing one is a type error) and every kind; what scanners and
reviewers wrote is data and appears as it was stored, never translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from curate.schema import Action, Category, Kind, Severity


class Language(StrEnum):
    """The languages of the reviewer."""

    ENGLISH = "en"
    PORTUGUESE = "pt-BR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Names in braces are filled in by whoever shows the phrase."""

    name: str
    thousands: str
    queue: str
    batch: str
    thresholds: str
    agreement: str
    overview: str
    log: str
    export: str

    categories: Mapping[Category, str]
    kinds: Mapping[Kind, str]
    severities: Mapping[Severity, str]
    actions: Mapping[Action, str]
    keys: Mapping[str, str]
    columns: Mapping[str, str]
    exif: Mapping[str, str]

    keep: str
    keep_all: str
    drop: str
    drop_copies: str
    later: str
    undo: str
    redo: str
    back: str
    next: str
    help: str
    view: str
    keep_only: str
    relabel: str
    drop_all_anyway: str

    kept: str
    dropped: str
    dropped_copies: str
    kept_only: str
    deferred: str
    relabelled: str
    all_dropped: str
    taken_back: str
    done_again: str
    nothing_to_undo: str
    nothing_to_redo: str
    conflict: str
    conflict_batch: str
    no_survivor: str
    kept_batch: str
    dropped_batch: str
    copies: tuple[str, str]
    image_count: str

    reviewer: str
    reviewer_help: str
    who_are_you: str
    who_why: str
    begin: str
    language: str
    decided: str
    matching: str
    press_a_key: str
    note: str
    note_hint: str
    new_class: str
    new_class_hint: str
    filters: str
    filters_on: str
    clear_filters: str
    class_: str
    category: str
    kind: str
    severity: str
    all: str
    none: str
    least_score: str
    search: str
    keys_title: str
    keys_hint: str

    nothing_left: str
    nothing_matches: str
    all_decided: str
    nothing_flagged: str
    on_other_screens: str
    look_again: str
    next_steps: str
    no_singles: str

    suggested: str
    of_class: str
    others_of_class: str
    facts: str
    reasons: str
    stale: str
    decided_as: str
    fit: str
    pixels_1: str
    pixels_4: str
    pixels_help: str
    differs: str
    side_by_side: str
    blink: str
    difference: str
    difference_mean: str
    not_comparable: str
    yes: str
    no: str

    source_gone: str
    file_gone: str
    not_opened: str
    nothing_to_show: str
    image_of: str

    batch_size: str
    choose_all: str
    choose_none: str
    range: str
    keep_n: str
    drop_n: str

    thresholds_intro: str
    threshold: str
    no_thresholds: str
    no_measurements: str
    now_flags: str
    then_flags: str
    just_suspected: str
    just_not: str
    save_and_judge: str
    saved: str
    measured: str
    moved_from: str
    no_such_image: str
    also_depends: str

    agreement_intro: str
    no_agreement: str
    kappa_none: str
    second_look: str
    second_look_none: str
    second_look_left: str
    opinion_recorded: str
    sample_size: str

    undecided_images: str
    relabelled_images: str
    dropped_images: str
    skipped_files: str
    table1: str
    flagged: str
    confirmed: str
    images: str
    total: str
    no_class: str
    balance: str
    before: str
    after: str
    left: str
    nothing_is_left: str
    gives_away: str
    trait: str
    guessed: str
    by_chance: str
    traits: Mapping[str, str]
    waiting: str
    stale_images: str
    unfinished_audit: str

    log_empty: str
    log_caption: str
    log_search: str
    take_back_line: str
    restore_line: str
    older: str
    newest: str
    undo_of: str
    stands: str
    when: str
    who: str
    action: str
    image: str

    undecided_choice: str
    pending_refuse: str
    pending_keep: str
    pending_drop: str
    cleaned_folder: str
    folder_hint: str
    write_manifest: str
    write_both: str
    write_report: str
    manifest_goes: str
    manifest_written: str
    folder_written: str
    folder_differs: str
    report_written: str
    report_missing: str
    not_done: str

    def count(self, number: int) -> str:
        """A whole number as this language groups its digits."""
        return f"{number:,}".replace(",", self.thousands)


ENGLISH = Words(
    name="English",
    thousands=",",
    queue="Queue",
    batch="Batch",
    thresholds="Thresholds",
    agreement="Agreement",
    overview="Overview",
    log="Log",
    export="Export",
    categories={
        Category.CORRUPTED: "corrupted",
        Category.DUPLICATE: "duplicate",
        Category.UNSUITABLE: "unsuitable",
        Category.LABEL: "label",
    },
    kinds={kind: str(kind).replace("_", " ") for kind in Kind},
    severities={Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"},
    actions={
        Action.KEEP: "keep",
        Action.DROP: "drop",
        Action.RELABEL: "relabel",
        Action.DEFER: "later",
        Action.UNDO: "undo",
    },
    keys={
        "K": "keep the image; of a group keep all: they are no copies, and that is remembered",
        "D": "drop the image; of a group drop the copies and keep the suggested one",
        "1 - 9": "in a group: keep only this one and drop the rest",
        "L": "relabel: choose or type a class, Enter, Escape, and L again",
        "N, F, /": "write a note, filter by kind, search; Escape leaves the field",
        "S": "decide later",
        "U, Y": "undo and redo, as many steps as you like",
        "←, →": "look at the previous or next one and decide nothing",
        "Z": "one image: fit, single pixels, four times; a group: side by side, blink, difference",
        "A": "batch page: choose all or none",
        "H, ?": "these keys; Escape closes them",
        "Tab, Enter": "reach and press anything else",
    },
    columns={
        "class": "class",
        "pixels": "pixels",
        "bytes": "size in bytes",
        "format": "format",
        "mode": "colour mode",
        "frames": "frames",
        "status": "decoder",
        "split": "split",
        "sha256": "SHA-256",
    },
    exif={},
    keep="Keep",
    keep_all="Keep all",
    drop="Drop",
    drop_copies="Drop copies",
    later="Later",
    undo="Undo",
    redo="Redo",
    back="Back",
    next="Next",
    help="Keys",
    view="View",
    keep_only="Keep only {n}",
    relabel="Relabel",
    drop_all_anyway="Yes, drop them all",
    kept="Kept {what}.",
    dropped="Dropped {what}.",
    dropped_copies="Dropped {copies} of {what}.",
    kept_only="Kept {what}, dropped {copies}.",
    deferred="Left {what} for later.",
    relabelled="Relabelled {what} to {label}.",
    all_dropped="All dropped.",
    taken_back="Taken back.",
    done_again="Done again.",
    nothing_to_undo="Nothing to undo.",
    nothing_to_redo="Nothing to redo.",
    conflict="{who} decided {what} first ({action}); yours was not recorded.",
    conflict_batch="{n} were decided by others meanwhile and left as they are.",
    no_survivor="That would drop every copy of {what}. Keep one, or confirm that none shall stay.",
    kept_batch="Kept {n} images.",
    dropped_batch="Dropped {n} images.",
    copies=("1 copy", "{n} copies"),
    image_count="{n} images",
    reviewer="Reviewer",
    reviewer_help="Stands beside every decision in the log.",
    who_are_you="Who is reviewing?",
    who_why="Your name stands beside every decision in the log. It is asked once and remembered on this computer.",
    begin="Begin",
    language="Language",
    decided="{done} of {all} images decided",
    matching="{done} of {all} that match the filters",
    press_a_key="Press a key; H shows them all.",
    note="Note for the log",
    note_hint="why, if it is not obvious",
    new_class="New class",
    new_class_hint="choose or type one",
    filters="Show only",
    filters_on="Filters are on: {what}.",
    clear_filters="Clear the filters",
    class_="Class",
    category="Category",
    kind="Kind",
    severity="Severity",
    all="all",
    none="(none)",
    least_score="Score at least",
    search="Search in names and reasons",
    keys_title="Keys",
    keys_hint="Keys work while no text field has the focus; Escape leaves a field.",
    nothing_left="Nothing left",
    nothing_matches="Nothing undecided matches the filters. Clear them to see the rest of the queue.",
    all_decided="Every flagged image is decided.",
    nothing_flagged="The audit flagged nothing: there is nothing to decide in these {n} images.",
    on_other_screens="What is undecided is on other screens at present: {n} open. It comes here if they leave it.",
    look_again="Look again",
    next_steps="Next: the page Export writes the manifest, the cleaned folder and the report. On the command line:",
    no_singles="No single image of this kind is undecided. Groups of copies wait in the queue, one by one.",
    suggested="suggested to stay",
    of_class="class {label}",
    others_of_class="Others of class {label}",
    facts="File",
    reasons="Reasons",
    stale="decided about other bytes; decide again",
    decided_as="decided: {action}",
    fit="fits",
    pixels_1="1 : 1",
    pixels_4="4 : 1",
    pixels_help="Scroll with the arrow keys after Tab has reached the image.",
    differs="What differs",
    side_by_side="side by side",
    blink="blink",
    difference="difference, four times stronger",
    difference_mean="1 against {n}: {levels} grey levels apart on average",
    not_comparable="There are no two images to compare here.",
    yes="yes",
    no="no",
    source_gone="The source folder {folder} is not there. Has it moved? Run the audit on its new place.",
    file_gone="The file is gone since the scan. Dropping it keeps it out of the manifest.",
    not_opened="Not opened here: a decoder failed on this file.",
    nothing_to_show="Nothing of this file can be shown as an image.",
    image_of="{path}, class {label}",
    batch_size="Images at once",
    choose_all="Choose all",
    choose_none="Choose none",
    range="Choose a range",
    keep_n="Keep {n}",
    drop_n="Drop {n}",
    thresholds_intro="Move a threshold, look at the images on either side of it, save: the queue is judged again.",
    threshold="Threshold",
    no_thresholds="No scanner in force has a threshold to move.",
    no_measurements="Nothing was measured for this threshold. Run the audit again if you expect otherwise.",
    now_flags="Suspected now",
    then_flags="Suspected then",
    just_suspected="Just suspected",
    just_not="Just not suspected",
    save_and_judge="Save and judge again",
    saved="Saved. The queue now holds {n} findings; decisions stand as they were.",
    measured="{n} images measured",
    moved_from="in force: {value}",
    no_such_image="No image lies on this side.",
    also_depends="An image is flagged when all conditions of its kind hold; this counts one of them.",
    agreement_intro=(
        "How far reviewers agree on what more than one of them has rated. A second look at images that others "
        "have decided counts for this and changes no decision."
    ),
    no_agreement="No two reviewers have rated the same image yet. Take a second look below.",
    kappa_none="not defined",
    second_look="Second look",
    second_look_none="Nothing to look at a second time: it takes images that somebody else has decided.",
    second_look_left="{n} of the shared sample left for you. What the other decided is not shown.",
    opinion_recorded="Recorded for the agreement.",
    sample_size="Items in the shared sample",
    undecided_images="Undecided images",
    relabelled_images="Relabelled",
    dropped_images="Dropped",
    skipped_files="Files skipped",
    table1="Table 1: images flagged and confirmed",
    flagged="flagged",
    confirmed="confirmed",
    images="images",
    total="Total",
    no_class="(no class)",
    balance="Class balance",
    before="before",
    after="after, as decided so far",
    left="What is left",
    nothing_is_left="Nothing waits for a decision.",
    gives_away="What gives a class away without looking at it",
    trait="Property",
    guessed="Class guessed rightly",
    by_chance="By chance",
    traits={
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
    waiting="images waiting",
    stale_images="{n} images changed since they were decided; they are in the queue again.",
    unfinished_audit="The last audit was interrupted; run it again for the rest.",
    log_empty="Nothing has been decided yet.",
    log_caption="Nothing is ever removed: taking a line back adds one.",
    log_search="Search in images, names and notes",
    take_back_line="Take back {n}",
    restore_line="Restore {n}",
    older="Older",
    newest="Newest",
    undo_of="undo of {n}",
    stands="stands",
    when="when",
    who="who",
    action="action",
    image="image",
    undecided_choice="Undecided images",
    pending_refuse="Refuse while any is undecided",
    pending_keep="Undecided images stay",
    pending_drop="Undecided images go",
    cleaned_folder="Cleaned folder",
    folder_hint="a folder that does not exist yet",
    write_manifest="Write the manifest",
    write_both="Write the manifest and the folder",
    write_report="Write the report",
    manifest_goes="The manifest goes to {place}. The source is only read.",
    manifest_written="Manifest written: {kept} of {all} images stay.",
    folder_written="{n} images copied to {folder}, and each hashed again: all as reviewed.",
    folder_differs="The folder differs from the manifest: {changed} changed, {missing} missing.",
    report_written="Report written: {files}.",
    report_missing="The report needs more packages: pip install 'imagecurate[report]'",
    not_done="Not done: {why}",
)

PORTUGUESE = Words(
    name="Português (Brasil)",
    thousands=".",
    queue="Fila",
    batch="Lote",
    thresholds="Limiares",
    agreement="Concordância",
    overview="Resumo",
    log="Registro",
    export="Exportar",
    categories={
        Category.CORRUPTED: "corrompida",
        Category.DUPLICATE: "duplicada",
        Category.UNSUITABLE: "inadequada",
        Category.LABEL: "rótulo",
    },
    kinds={
        Kind.EMPTY: "arquivo vazio",
        Kind.NOT_AN_IMAGE: "não é imagem",
        Kind.UNREADABLE: "ilegível",
        Kind.TRUNCATED: "truncada",
        Kind.DAMAGED: "danificada",
        Kind.TOO_LARGE: "grande demais",
        Kind.CRASHED: "derrubou o decodificador",
        Kind.TIMED_OUT: "tempo esgotado",
        Kind.WRONG_EXTENSION: "extensão errada",
        Kind.ODD_METADATA: "metadados estranhos",
        Kind.LABEL_CONFLICT: "conflito de classes",
        Kind.SPLIT_LEAK: "vazamento entre partições",
        Kind.SAME_BYTES: "mesmos bytes",
        Kind.SAME_PIXELS: "mesmos pixels",
        Kind.RE_ENCODED: "recodificada",
        Kind.RESIZED: "redimensionada",
        Kind.RECOLOURED: "recolorida",
        Kind.MIRRORED: "espelhada",
        Kind.ROTATED: "girada",
        Kind.CROPPED: "recortada",
        Kind.EDITED: "editada",
        Kind.NO_FACE: "sem rosto",
        Kind.SEVERAL_FACES: "vários rostos",
        Kind.SMALL_FACE: "rosto pequeno",
        Kind.TEXT_OVERLAY: "texto sobreposto",
        Kind.DRAWING: "desenho",
        Kind.BLURRY: "borrada",
        Kind.DARK: "escura",
        Kind.BRIGHT: "clara demais",
        Kind.LOW_INFORMATION: "pouca informação",
        Kind.ODD_SIZE: "tamanho incomum",
        Kind.ODD_ASPECT_RATIO: "proporção incomum",
        Kind.OFF_TOPIC: "fora do tema",
        Kind.SUSPECTED_MISLABEL: "classe suspeita",
    },
    severities={Severity.ERROR: "erro", Severity.WARNING: "aviso", Severity.INFO: "informação"},
    actions={
        Action.KEEP: "manter",
        Action.DROP: "descartar",
        Action.RELABEL: "mudar classe",
        Action.DEFER: "depois",
        Action.UNDO: "desfazer",
    },
    keys={
        "K": "manter a imagem; num grupo, manter todas: não são cópias, e isso fica lembrado",
        "D": "descartar a imagem; num grupo, descartar as cópias e manter a sugerida",
        "1 - 9": "num grupo: manter só esta e descartar as outras",
        "L": "mudar classe: escolha ou digite uma, Enter, Escape, e L de novo",
        "N, F, /": "escrever uma nota, filtrar por tipo, buscar; Escape sai do campo",
        "S": "decidir depois",
        "U, Y": "desfazer e refazer, quantos passos quiser",
        "←, →": "ver a anterior ou a próxima sem decidir nada",
        "Z": "uma imagem: ajustada, pixels, quatro vezes; um grupo: lado a lado, alternar, diferença",
        "A": "página Lote: escolher todas ou nenhuma",
        "H, ?": "estas teclas; Escape fecha",
        "Tab, Enter": "chegar a qualquer outra coisa e acionar",
    },
    columns={
        "class": "classe",
        "pixels": "pixels",
        "bytes": "tamanho em bytes",
        "format": "formato",
        "mode": "modo de cor",
        "frames": "quadros",
        "status": "decodificador",
        "split": "partição",
        "sha256": "SHA-256",
    },
    exif={
        "Make": "Fabricante",
        "Model": "Modelo",
        "Software": "Programa",
        "Artist": "Autor",
        "DateTime": "Data",
        "DateTimeOriginal": "Data original",
        "Orientation": "Orientação",
        "XResolution": "Resolução",
        "ExposureTime": "Exposição",
        "FNumber": "Abertura",
        "ISOSpeedRatings": "ISO",
        "FocalLength": "Distância focal",
        "LensModel": "Lente",
        "ICC profile": "Perfil ICC",
    },
    keep="Manter",
    keep_all="Manter",
    drop="Descartar",
    drop_copies="Descartar",
    later="Depois",
    undo="Desfazer",
    redo="Refazer",
    back="Anterior",
    next="Próxima",
    help="Teclas",
    view="Visão",
    keep_only="Manter só a {n}",
    relabel="Mudar classe",
    drop_all_anyway="Sim, descartar todas",
    kept="Mantida: {what}.",
    dropped="Descartada: {what}.",
    dropped_copies="Descartado: {copies} de {what}.",
    kept_only="Mantida {what}; descartado: {copies}.",
    deferred="Para depois: {what}.",
    relabelled="{what} agora é {label}.",
    all_dropped="Todas descartadas.",
    taken_back="Desfeito.",
    done_again="Refeito.",
    nothing_to_undo="Nada a desfazer.",
    nothing_to_redo="Nada a refazer.",
    conflict="{who} decidiu {what} antes ({action}); a sua decisão não foi registrada.",
    conflict_batch="{n} foram decididas por outras pessoas nesse meio-tempo e ficaram como estão.",
    no_survivor="Isso descartaria todas as cópias de {what}. Mantenha uma ou confirme que nenhuma deve ficar.",
    kept_batch="{n} imagens mantidas.",
    dropped_batch="{n} imagens descartadas.",
    copies=("1 cópia", "{n} cópias"),
    image_count="{n} imagens",
    reviewer="Quem revisa",
    reviewer_help="Fica ao lado de cada decisão no registro.",
    who_are_you="Quem está revisando?",
    who_why="Seu nome fica ao lado de cada decisão no registro. É perguntado uma vez e lembrado neste computador.",
    begin="Começar",
    language="Idioma",
    decided="{done} de {all} imagens decididas",
    matching="{done} de {all} que passam nos filtros",
    press_a_key="Aperte uma tecla; H mostra todas.",
    note="Nota para o registro",
    note_hint="por quê, se não for óbvio",
    new_class="Nova classe",
    new_class_hint="escolha ou digite uma",
    filters="Mostrar só",
    filters_on="Filtros ativos: {what}.",
    clear_filters="Limpar os filtros",
    class_="Classe",
    category="Categoria",
    kind="Tipo",
    severity="Gravidade",
    all="todas",
    none="(nenhuma)",
    least_score="Pontuação a partir de",
    search="Buscar em nomes e motivos",
    keys_title="Teclas",
    keys_hint="As teclas valem quando nenhum campo de texto está em foco; Escape sai do campo.",
    nothing_left="Nada mais a decidir",
    nothing_matches="Nada pendente passa nos filtros. Limpe-os para ver o resto da fila.",
    all_decided="Toda imagem sinalizada está decidida.",
    nothing_flagged="A auditoria não sinalizou nada: não há o que decidir nestas {n} imagens.",
    on_other_screens="O que falta está em outras telas agora: {n} aberto. Volta para cá se for deixado.",
    look_again="Ver de novo",
    next_steps="A seguir: a página Exportar grava o manifesto, a pasta limpa e o relatório. Na linha de comando:",
    no_singles="Nenhuma imagem isolada deste tipo está pendente. Grupos de cópias esperam na fila, um a um.",
    suggested="sugerida para ficar",
    of_class="classe {label}",
    others_of_class="Outras da classe {label}",
    facts="Arquivo",
    reasons="Motivos",
    stale="decidida com outros bytes; decida de novo",
    decided_as="decisão: {action}",
    fit="ajustada",
    pixels_1="1 : 1",
    pixels_4="4 : 1",
    pixels_help="Role com as setas depois que Tab chegar à imagem.",
    differs="O que difere",
    side_by_side="lado a lado",
    blink="alternar",
    difference="diferença, quatro vezes mais forte",
    difference_mean="1 contra {n}: {levels} níveis de cinza de diferença em média",
    not_comparable="Não há duas imagens para comparar aqui.",
    yes="sim",
    no="não",
    source_gone="A pasta de origem {folder} não está lá. Mudou de lugar? Rode a auditoria no novo lugar.",
    file_gone="O arquivo sumiu desde a varredura. Descartá-lo o deixa fora do manifesto.",
    not_opened="Não é aberto aqui: um decodificador falhou neste arquivo.",
    nothing_to_show="Nada deste arquivo pode ser mostrado como imagem.",
    image_of="{path}, classe {label}",
    batch_size="Imagens por vez",
    choose_all="Escolher todas",
    choose_none="Escolher nenhuma",
    range="Escolher um intervalo",
    keep_n="Manter {n}",
    drop_n="Descartar {n}",
    thresholds_intro="Mova um limiar, veja as imagens dos dois lados, salve: a fila é julgada de novo.",
    threshold="Limiar",
    no_thresholds="Nenhum verificador ativo tem limiar para mover.",
    no_measurements="Nada foi medido para este limiar. Rode a auditoria de novo se esperava outra coisa.",
    now_flags="Suspeitas agora",
    then_flags="Suspeitas depois",
    just_suspected="Por pouco suspeitas",
    just_not="Por pouco não suspeitas",
    save_and_judge="Salvar e julgar de novo",
    saved="Salvo. A fila tem agora {n} achados; as decisões ficam como estavam.",
    measured="{n} imagens medidas",
    moved_from="em vigor: {value}",
    no_such_image="Nenhuma imagem deste lado.",
    also_depends="Uma imagem é sinalizada quando valem todas as condições do tipo; aqui conta uma delas.",
    agreement_intro=(
        "Quanto as pessoas concordam no que mais de uma avaliou. Um segundo olhar sobre imagens que outros "
        "decidiram conta para isso e não muda decisão nenhuma."
    ),
    no_agreement="Ainda não há duas pessoas que avaliaram a mesma imagem. Dê um segundo olhar abaixo.",
    kappa_none="não definido",
    second_look="Segundo olhar",
    second_look_none="Nada para olhar de novo: é preciso que outra pessoa tenha decidido imagens.",
    second_look_left="Faltam {n} da amostra comum para você. O que a outra pessoa decidiu não aparece.",
    opinion_recorded="Registrado para a concordância.",
    sample_size="Itens na amostra comum",
    undecided_images="Imagens pendentes",
    relabelled_images="Com nova classe",
    dropped_images="Descartadas",
    skipped_files="Arquivos ignorados",
    table1="Tabela 1: imagens sinalizadas e confirmadas",
    flagged="sinalizadas",
    confirmed="confirmadas",
    images="imagens",
    total="Total",
    no_class="(sem classe)",
    balance="Equilíbrio das classes",
    before="antes",
    after="depois, como decidido até agora",
    left="O que falta",
    nothing_is_left="Nada espera decisão.",
    gives_away="O que denuncia uma classe sem olhar a imagem",
    trait="Propriedade",
    guessed="Classe adivinhada",
    by_chance="Por acaso",
    traits={
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
    waiting="imagens esperando",
    stale_images="{n} imagens mudaram desde que foram decididas; estão de novo na fila.",
    unfinished_audit="A última auditoria foi interrompida; rode-a de novo para o resto.",
    log_empty="Nada foi decidido ainda.",
    log_caption="Nada é removido: desfazer uma linha acrescenta outra.",
    log_search="Buscar em imagens, nomes e notas",
    take_back_line="Desfazer {n}",
    restore_line="Restaurar {n}",
    older="Mais antigas",
    newest="Mais novas",
    undo_of="desfaz {n}",
    stands="vale",
    when="quando",
    who="quem",
    action="ação",
    image="imagem",
    undecided_choice="Imagens pendentes",
    pending_refuse="Recusar enquanto houver pendentes",
    pending_keep="Pendentes ficam",
    pending_drop="Pendentes saem",
    cleaned_folder="Pasta limpa",
    folder_hint="uma pasta que ainda não existe",
    write_manifest="Gravar o manifesto",
    write_both="Gravar o manifesto e a pasta",
    write_report="Gravar o relatório",
    manifest_goes="O manifesto vai para {place}. A origem só é lida.",
    manifest_written="Manifesto gravado: ficam {kept} de {all} imagens.",
    folder_written="{n} imagens copiadas para {folder}, e cada uma conferida de novo: tudo como revisado.",
    folder_differs="A pasta difere do manifesto: {changed} mudaram, {missing} faltam.",
    report_written="Relatório gravado: {files}.",
    report_missing="O relatório precisa de mais pacotes: pip install 'imagecurate[report]'",
    not_done="Não foi feito: {why}",
)

WORDS: dict[Language, Words] = {Language.ENGLISH: ENGLISH, Language.PORTUGUESE: PORTUGUESE}
