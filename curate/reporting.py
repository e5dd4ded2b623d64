"""What an audit has found, for tools of continuous integration: JUnit XML and SARIF 2.1.0.

What `--fail-on` names is a failure (JUnit) or an error (SARIF); whatever else is flagged is there for information.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from curate._version import __version__
from curate.errors import ConfigError
from curate.failing import Left, left
from curate.sources.address import refuse_inside, url
from curate.storage.atomic import atomic
from curate.storage.names import printable
from curate.storage.workspace import Workspace

if TYPE_CHECKING:
    from curate.auditing.pipeline import Audit
    from curate.findings import KindSpec

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def refuse_unwritable(file: Path | None, source: str) -> None:
    """Raise `CurateError` where a report cannot be written: before an audit, which may take hours."""
    if file is None:
        return
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise ConfigError(f"{file} cannot be written; name a file in a folder that exists")
    if Path(source).is_dir():
        refuse_inside(file, [source], "the report")


def write_junit(result: Audit, names: Collection[str], file: Path) -> None:
    """Write a JUnit report: a test case for each kind, which fails if `names` has it or its category."""
    found = left(result)
    suites = ET.Element("testsuites", name="curate")
    suite = ET.SubElement(suites, "testsuite", name="curate audit")
    failures = 0
    rules = _rules(found)
    for kind in rules:
        case = ET.SubElement(suite, "testcase", classname=f"curate.{kind.category}", name=kind.name)
        lines = [_line(item) for item in found if item.kind == kind.name]
        if lines and _is_named(kind.name, str(kind.category), names):
            failures += 1
            failure = ET.SubElement(case, "failure", type=kind.name, message=f"{kind.title}: {len(lines):,}")
            failure.text = "\n".join(lines)
        elif lines:
            ET.SubElement(case, "system-out").text = "\n".join(lines)
    for element in (suites, suite):
        element.attrib.update(tests=str(len(rules)), failures=str(failures), errors="0")
    ET.indent(suites)
    with atomic(file) as stream:
        stream.write(ET.tostring(suites, encoding="utf-8", xml_declaration=True) + b"\n")


def write_sarif(result: Audit, names: Collection[str], file: Path) -> None:
    """Write the findings as SARIF: a rule for each kind, an `error` where `names` has it or its category.

    Images below the working directory are named relative to it, as a checkout's are; others relative to their source.
    """
    found = left(result)
    rules = _rules(found)
    index = {kind.name: number for number, kind in enumerate(rules)}
    root = str(Workspace(result.workspace).read_audit()["root"])
    below = _below_here(root)
    base = {} if below is not None else {"uriBaseId": "SOURCE"}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "curate", "version": __version__, "rules": [_rule(kind) for kind in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                "ruleId": item.kind,
                "ruleIndex": index[item.kind],
                "level": "error" if _is_named(item.kind, item.category, names) else "warning",
                "message": {"text": printable(item.reason)},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(below, item.path), **base}}}],
                **({"partialFingerprints": {"findingId/v1": item.finding_id}} if item.finding_id else {}),
            }
            for item in found
        ],
    }
    if below is None:
        address = root if url(root) else Path(root).absolute().as_uri()
        run["originalUriBaseIds"] = {"SOURCE": {"uri": f"{address.rstrip('/')}/"}}
    report = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    with atomic(file) as stream:
        stream.write(f"{json.dumps(report, indent=2, ensure_ascii=False)}\n".encode())


def _rules(found: Collection[Left]) -> list[KindSpec]:
    """List every installed kind, and those of findings whose scanner is no longer installed."""
    from curate.scanners import kinds

    known = kinds()
    gone = sorted({(item.kind, item.category) for item in found if item.kind not in known})
    return [*known.values(), *(known.described(kind, category) for kind, category in gone)]


def _is_named(kind: str, category: str, names: Collection[str]) -> bool:
    return kind in names or category in names


def _line(item: Left) -> str:
    return printable(f"{item.path}: {item.reason}" if item.path is not None else item.reason)


def _rule(kind: KindSpec) -> dict[str, Any]:
    return {
        "id": kind.name,
        "name": kind.title.title().replace(" ", ""),
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.meaning or kind.title},
        "defaultConfiguration": {"level": "note" if str(kind.severity) == "info" else "warning"},
        "properties": {"category": str(kind.category)},
    }


def _below_here(root: str) -> str | None:
    """Return the path from the working directory to the root of a source; None where it does not lie below."""
    if url(root) is not None or not Path(root).resolve().is_relative_to(Path.cwd().resolve()):
        return None
    return Path(root).resolve().relative_to(Path.cwd().resolve()).as_posix()


def _uri(below: str | None, path: str | None) -> str:
    """Write the relative URI of an image, or of the source itself; bytes that are no UTF-8 stay what they are."""
    parts = [part for part in (below, path) if part not in (None, ".")]
    return quote("/".join(parts).encode("utf-8", "surrogateescape")) or "."
