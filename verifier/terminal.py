"""Reports as text for a person at a counter, in Korean or English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from verifier.document import Document, Line
from verifier.findings import Outcome, Question, Remark
from verifier.report import Report
from verifier.times import Language, korean_time
from verifier.verdict import Verdict

_MARKS = {
    "ko": {Outcome.PASSED: "[통과]", Outcome.FAILED: "[실패]", Outcome.UNKNOWN: "[불명]"},
    "en": {Outcome.PASSED: "[ ok ]", Outcome.FAILED: "[fail]", Outcome.UNKNOWN: "[ ?? ]"},
}
_QUESTIONS = {
    Question.INTEGRITY: ("위변조 여부", "Integrity"),
    Question.ANCHORING: ("등록", "Anchoring"),
    Question.STATUS: ("현재 상태", "Status"),
    Question.ISSUER: ("발급기관", "Issuer"),
    Question.SOURCE: ("확인 근거", "Source"),
}
_VERDICTS = {
    Verdict.VALID: "유효",
    Verdict.SUPERSEDED: "대체된 문서",
    Verdict.WITHDRAWN: "철회된 문서",
    Verdict.TAMPERED: "위변조",
    Verdict.NOT_ISSUED: "발급된 적 없음",
    Verdict.ISSUER_NOT_TRUSTED: "발급기관 불신",
    Verdict.UNKNOWN: "판단 불가",
}


def report_text(report: Report, language: Language) -> str:
    """The whole report: the document's key fields, the findings, the verdict and what to do next."""
    lines = [*_heading(report.document, language), ""]
    for question, finding in report.findings.items():
        mark = _MARKS[language][finding.outcome]
        lines.append(f"{mark} {_pick(_QUESTIONS[question], language)}: {_say(finding, language)}")
    lines += [f"  *    {_say(remark, language)}" for remark in report.remarks]
    verdict = _VERDICTS[report.verdict] if language == "ko" else report.verdict.value.replace("_", " ")
    label = "결론" if language == "ko" else "Verdict"
    lines += ["", f"{label}: {verdict}", f"      {_say(report.conclusion, language)}"]
    return "\n".join(lines)


def document_text(document: Document, language: Language, *, whole: bool) -> Iterator[str]:
    """The document's fields; lists in full, or only as a count of their elements."""
    listed: dict[str, int] = {}
    for line in document.lines:
        head, _, position = line.path.rpartition(".")
        if position.isdecimal() and not whole:
            listed[head] = listed.get(head, 0) + 1
            continue
        yield f"  {_line(line, language)}"
    for head, count in listed.items():
        label = next(line for line in document.lines if line.path == f"{head}.0")
        name = _pick((label.ko, label.en), language).rsplit(" ", 1)[0]
        more = _pick((" (일부만 공개)", " (not all shown)"), language) if head in document.incomplete else ""
        yield f"  {name}: {count}{'건' if language == 'ko' else ''}{more}"


def printable(text: str) -> str:
    """Without anything that could move the cursor or hide: a document's text comes from outside."""
    return "".join(char if char.isprintable() else "�" for char in text)


def _heading(document: Document | None, language: Language) -> Iterable[str]:
    if document is None:
        return [
            _pick(
                (
                    "문서 내용은 확인되지 않아 표시하지 않습니다.",
                    "The content is not confirmed, so it is not shown.",
                ),
                language,
            )
        ]
    issuer = _pick((f"발급기관: {document.issuer_ko}", f"Issued by: {document.issuer_en}"), language)
    number = _pick((f"{document.issuer}번 기관", f"institution {document.issuer}"), language)
    at = _pick(("발급시각", "Issued at"), language)
    return [
        printable(_pick((document.kind_ko, document.kind_en), language)),
        printable(f"{issuer} ({number})"),
        f"{at}: {korean_time(document.issued_at)}",
        *document_text(document, language, whole=False),
    ]


def _line(line: Line, language: Language) -> str:
    value = _pick((line.value_ko or "(가려짐)", line.value_en or "(left out)"), language)
    return printable(f"{_pick((line.ko, line.en), language)}: {value}")


def _say(remark: Remark, language: Language) -> str:
    """The sentence and, behind it, the stable code."""
    return printable(f"{_pick((remark.ko, remark.en), language)} ({remark.code})")


def _pick(pair: tuple[str, str], language: Language) -> str:
    return re.sub(r"\s+", " ", pair[0] if language == "ko" else pair[1])
