"""No query goes around `backend/access.py`; and whoever plants one is found, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.ways_around import ways_around

BACKEND = Path(__file__).resolve().parents[2] / "backend"

PLANTED = {
    "without col": "def f(s, p): return s.exec(select(Document).where(Document.patient_index == p))",
    "with col": "def f(s, p): return s.exec(select(Document).where(col(Document.patient_index) == p))",
    "of several": "def f(s, p): return select(Document).where(Document.patient_index.in_(p))",
    "by another name": "def f(s, p): return select(D).where(models.Document.patient_index == p)",
    "by an alias in lower case": "def f(s, p): d = aliased(Document); return select(d).where(d.patient_index == p)",
    "turned around": "def f(s, p): return select(Document).where(p == Document.patient_index)",
    "by keyword": "def f(s, p): return s.query(Document).filter_by(patient_index=p)",
    "by getattr": "def f(s, p): return select(Document).where(getattr(Document, 'patient_index') == p)",
    "of the table": "def f(s, p): return select(t).where(Document.__table__.c.patient_index == p)",
    "of a module": "QUERY = select(Document).where(Document.patient_index == bindparam('p'))",
    "in a lambda": "find = lambda p: select(Document).where(Document.patient_index == p)",
    "SQL": "def f(s, p): return s.execute(text('SELECT id FROM document WHERE issuer = 1'))",
    "SQL in lower case": "def f(s, p): return s.execute(text('select id from \"document\" where x = :p'))",
    "SQL in parts": "def f(s, p): return s.execute(text('SELECT id FROM ' + 'document WHERE x = :p'))",
    "SQL filled in": "def f(s, p): return s.execute(text(f'SELECT id FROM document WHERE x = {p}'))",
    "SQL by the table's name": "def f(s): return text(f'SELECT id FROM {Document.__tablename__}')",
    "SQL of the log": "def f(s, p): return s.execute(text('SELECT * FROM audit_event'))",
    "SQL of eligibility": "def f(s, p): return s.execute(text('SELECT * FROM x JOIN eligibility_visit'))",
    "lines of the log": "from backend.audit import service as a\ndef f(s, p): return a.of_patient(s, p)",
    "lines, imported": "from backend.audit.service import of_patient as lines\ndef f(s, p): return lines(s, p)",
    "lines, in full": "import backend.audit.service\ndef f(s, p): return backend.audit.service.of_patient(s, p)",
    "lines, handed on": "from backend.audit import service\ndef f(s, p): return map(service.of_patient, s)",
    "the log's own queries": "from backend.audit import repository",
    "the log's table": "from backend.audit.models import AuditEvent",
    "eligibility's table": "from backend.eligibility.models import LookUp as Other",
    "eligibility's tables": "from backend.eligibility import models",
    "eligibility's queries": "def f(s, p):\n    from backend.eligibility.repository import patient_by_id",
    "eligibility's queries, whole": "import backend.eligibility.repository as r",
}
HARMLESS = {
    "with the permission": "def f(s, p: ReadablePatientId): return select(D).where(Document.patient_index == p.value)",
    "a row's own": "def f(s, found): return Entry(patient=found.patient_index)",
    "a new row": "def f(s, p): return Document(patient_index=p)",
    "told of": '"""Rows come from document, told from audit_event."""',
    "another of_patient": "from backend.documents import repository\ndef f(s, p): return repository.of_patient(s, p)",
    "a word of eligibility": "from backend.eligibility.models import How",
}


def test_nothing_goes_around() -> None:
    wrong = []
    for path in sorted(BACKEND.rglob("*.py")):
        place = path.relative_to(BACKEND).as_posix()
        if not place.startswith("migrations/"):
            wrong += ways_around(place, path.read_text("utf-8"))
    assert wrong == []


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_found(planted: str) -> None:
    assert ways_around("relay/planted.py", PLANTED[planted])


@pytest.mark.parametrize("planted", HARMLESS)
def test_what_is_harmless_is_left_alone(planted: str) -> None:
    assert ways_around("relay/harmless.py", HARMLESS[planted]) == []
