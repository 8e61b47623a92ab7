"""Finds code that reads a patient's rows without the door's permission, however it is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef

QUERIES = {"where", "filter", "filter_by", "having", "join", "order_by", "col", "getattr", "select"}
"""Calls in whose arguments a column stands for a column, not for one row's value."""
SQL = re.compile(
    r"\b(?:from|join|into|update|table)\s+[\"'`\[]?(document(?:_\w+)?|audit_event|eligibility_\w+)\b",
    re.IGNORECASE,
)
OWN_TABLES = {"audit": "audit_event", "documents": "document", "eligibility": "eligibility_"}
"""Whose raw SQL may name which table."""
AUDIT, ELIGIBILITY = "backend.audit.service", "backend.eligibility"
LINES_OF_PATIENT = {"audit/pages.py"}
"""Where the lines of one patient are read: the page's reader comes from `access.readable` (own_accesses.py)."""
LISTS = {"tables.py"}
"""Takes every model, to know the tables."""
NO_ROWS = {"How", "Exempt", "VisitState", "Cover"}
"""Of backend/eligibility/models.py, what is no table."""


def ways_around(place: str, source: str) -> list[str]:
    """What is wrong in the file at `place` (below backend/), a line each."""
    tree = ast.parse(source)
    return [
        *(f"{place}: {name}: queries by patient_index" for name in _unpermitted(tree)),
        *(f"{place}: SQL names {table}" for table in _raw(place, tree)),
        *(f"{place}: {what}" for what in _lines_of_patient(place, tree)),
        *(f"{place}: reads {what} outside its domain" for what in _eligibility(place, tree)),
    ]


# --- documents by patient


def _unpermitted(tree: ast.Module) -> Iterator[str]:
    """Names of functions, or "module", that query by the column without taking a permission."""
    permitted = [
        node
        for function in _functions(tree)
        if "ReadablePatientId" in ast.unparse(function.args)
        for node in ast.walk(function)
    ]
    for node in _columns(tree):
        if node not in permitted:
            yield next((f.name for f in _functions(tree) if node in list(ast.walk(f))), "module")


def _functions(tree: ast.Module) -> Iterator[Function]:
    yield from (each for each in ast.walk(tree) if isinstance(each, Function))


def _columns(tree: ast.Module) -> Iterator[ast.AST]:
    """Every mention of the column `patient_index` of documents as a column."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "patient_index":
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner[:1].isupper() or owner in {"c", "columns"}:
                yield node
        if isinstance(node, ast.Call) and _last(node.func) in QUERIES:
            inside = [each for argument in (*node.args, *node.keywords) for each in ast.walk(argument)]
            yield from (each for each in inside if _means_column(each))


def _means_column(node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg="patient_index") | ast.Constant(value="patient_index"):
            return True
        case ast.Compare(left=ast.Attribute(attr="patient_index")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="patient_index"))):
            return True  # `.patient_index.in_(…)`
    return False


def _last(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


# --- raw SQL


def _raw(place: str, tree: ast.Module) -> Iterator[str]:
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) not in told:
            for table in SQL.findall(_text(node)):
                own = OWN_TABLES.get(place.partition("/")[0])
                if own is None or not table.lower().startswith(own):
                    yield table.lower()


def _text(node: ast.AST) -> str:
    """The text of a constant, an f-string or a sum of them; any table filled in counts as documents."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_text, parts))
        case ast.FormattedValue(value=ast.Attribute(attr="__tablename__")):
            return "document"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
    return ""


# --- lines of the log, and what eligibility keeps


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(what in full, the name it has here)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{each.name}", each.asname or each.name) for each in node.names)
        if isinstance(node, ast.Import):
            yield from ((each.name, each.asname or each.name) for each in node.names)


def _lines_of_patient(place: str, tree: ast.Module) -> Iterator[str]:
    """The log's lines of one patient, outside the page that shows them to whoever may read them."""
    if place in LINES_OF_PATIENT | LISTS or place == "audit/service.py":
        return
    for full, name in _imported(tree):
        if full == f"{AUDIT}.of_patient" or full == f"{AUDIT}.*":
            yield "takes of_patient of the log"
        if full == AUDIT:
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == f"{name}.of_patient":
                    yield "reads a patient's lines of the log"
        inside = full.removeprefix("backend.audit.")
        whole = full == "backend.audit.models" or inside.startswith(("repository", "models.AuditEvent"))
        if whole and not place.startswith("audit/"):
            yield f"takes {full}"


def _eligibility(place: str, tree: ast.Module) -> Iterator[str]:
    if place.startswith(("eligibility/", "migrations/")) or place in LISTS:
        return
    for full, _ in _imported(tree):
        module, _, name = full.rpartition(".")
        if module == f"{ELIGIBILITY}.models" and name not in NO_ROWS:
            yield full
        if full == f"{ELIGIBILITY}.models" or f"{full}.".startswith(f"{ELIGIBILITY}.repository."):
            yield full
