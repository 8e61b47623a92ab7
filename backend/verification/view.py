"""A report as a page shows it, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from backend.web.i18n import N_, Message, current_language, translate
from verifier import Outcome, Question, Remark, Report, Verdict
from verifier.document import Cell, Document, Table

_QUESTIONS: dict[Question, Message] = {
    Question.INTEGRITY: N_("내용이 바뀌지 않았나요?"),
    Question.ANCHORING: N_("기록되어 있나요?"),
    Question.STATUS: N_("지금도 유효한가요?"),
    Question.ISSUER: N_("발급 기관을 믿을 수 있나요?"),
    Question.SOURCE: N_("무엇을 근거로 확인했나요?"),
}
_OUTCOMES: dict[Outcome, Message] = {
    Outcome.PASSED: N_("확인됨"),
    Outcome.FAILED: N_("문제 있음"),
    Outcome.UNKNOWN: N_("알 수 없음"),
}
_HEADLINES: dict[Verdict, Message] = {
    Verdict.VALID: N_("유효한 문서입니다"),
    Verdict.SUPERSEDED: N_("새 문서로 바뀐 문서입니다"),
    Verdict.WITHDRAWN: N_("발급이 취소된 문서입니다"),
    Verdict.TAMPERED: N_("내용이 바뀐 문서입니다"),
    Verdict.NOT_ISSUED: N_("발급된 적이 없는 문서입니다"),
    Verdict.ISSUER_NOT_TRUSTED: N_("믿을 수 없는 기관의 문서입니다"),
    Verdict.UNKNOWN: N_("지금은 판단할 수 없습니다"),
}
_BAD = {Verdict.TAMPERED, Verdict.NOT_ISSUED, Verdict.ISSUER_NOT_TRUSTED, Verdict.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class FindingView:
    """One of the five answers."""

    name: str
    outcome: str
    outcome_label: str
    text: str
    code: str


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a table's column."""

    label: str
    number: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A table's cell."""

    text: str
    number: bool


@dataclass(frozen=True, slots=True)
class TableView:
    """A list of the document."""

    caption: str
    heads: list[Column]
    rows: list[list[Field]]
    incomplete: bool


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything the template needs."""

    code: str
    tone: str
    headline: str
    explanation: str
    remarks: list[str]
    findings: list[FindingView]
    title: str
    groups: list[tuple[str, list[tuple[str, str]]]]
    """Heading ("" for the document's own fields) and its lines."""
    tables: list[TableView]
    hidden: int


def view(report: Report) -> ReportView:
    """The report in the present language."""
    return ReportView(
        code=report.verdict.value,
        tone=_tone(report.verdict),
        headline=translate(_HEADLINES[report.verdict]),
        explanation=_say(report.conclusion),
        remarks=[_say(remark) for remark in report.remarks],
        findings=[
            FindingView(
                translate(_QUESTIONS[question]),
                finding.outcome.value,
                translate(_OUTCOMES[finding.outcome]),
                _say(finding),
                finding.code,
            )
            for question, finding in report.findings.items()
        ],
        title=_pick(report.document.kind_ko, report.document.kind_en) if report.document else "",
        groups=_groups(report.document) if report.document else [],
        tables=[_table(table, report.document) for table in report.document.tables]
        if report.document
        else [],
        hidden=sum(line.value_ko is None for line in report.document.lines) if report.document else 0,
    )


def _tone(verdict: Verdict) -> str:
    if verdict is Verdict.VALID:
        return "good"
    return "bad" if verdict in _BAD else "warn"


def _pick(ko: str, en: str) -> str:
    return ko if current_language() == "ko" else en


def _say(remark: Remark) -> str:
    return _pick(remark.ko, remark.en)


def _groups(document: Document) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields that are no element of a list and were not left out: the document's own first, then its parts'."""
    listed = tuple(f"{table.path}." for table in document.tables)
    groups: dict[str, list[tuple[str, str]]] = {"": []}
    for line in document.lines:
        if line.value_ko is None or line.path.startswith(listed):
            continue
        heading, _, label = _pick(line.ko, line.en).rpartition(" · ")
        groups.setdefault(heading, []).append((label, _pick(line.value_ko, line.value_en or "")))
    issuer = (translate(N_("발급 기관")), _pick(document.issuer_ko, document.issuer_en))
    groups[""].insert(0, issuer)
    return list(groups.items())


def _table(table: Table, document: Document) -> TableView:
    def text(cell: Cell) -> str:
        return _pick(cell.ko, cell.en)

    return TableView(
        caption=_pick(table.ko, table.en),
        heads=[Column(text(head), head.number) for head in table.heads],
        rows=[[Field(text(cell), cell.number) for cell in row] for row in table.rows],
        incomplete=table.path in document.incomplete,
    )
