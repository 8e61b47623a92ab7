"""A patient reads who used their record: nobody else's, page by page, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Annotated

import pytest
from audit_log import DOCTOR, KIM, LEE, AuditLog
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient

from backend import rendering
from backend.audit import service
from backend.audit.pages import OwnRecord, Reader, routers
from backend.audit.terms import Action, ActorKind, Both, Outcome
from backend.errors import Unauthenticated
from backend.middleware import RequestLanguage
from chain.db import writing
from chain.merkle import MerkleTree, leaf_of

READER = "9a9a0f6e-0000-4000-8000-000000000001"
API = "/api/v1/me/accesses"
RECORDS = {
    "kim": [OwnRecord(KIM, "태백시립병원")],
    "both": [OwnRecord(KIM, "태백시립병원"), OwnRecord(LEE, "동해시립병원")],
    "unbound": [],
}


def reader_of(who: Annotated[str | None, Header()] = None) -> Reader:
    """Stands for the session: a header says who is signed in."""
    if who is None:
        raise Unauthenticated
    return Reader(READER, RECORDS[who])


def naming(kind: ActorKind, identifier: str) -> Both | None:
    return Both("내과 의사", "a doctor of internal medicine") if identifier == DOCTOR else None


@pytest.fixture
def client(embedded: AuditLog) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.services = SimpleNamespace(database=embedded.engine, hospital_name=lambda: "태백시립병원")
    app.state.client_policy = SimpleNamespace(least_of=lambda _: "")
    made = routers(reader_of, naming)
    app.include_router(made.pages)
    app.include_router(made.api, prefix="/api/v1")
    app.add_middleware(RequestLanguage, https=False)
    rendering.install(app)
    with TestClient(app) as running:
        yield running


def test_nobody_reads_nothing(client: TestClient) -> None:
    assert client.get(API).status_code == 401
    assert client.get("/me/accesses").status_code == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [("record=1", 404), ("record=99", 404), ("record=-1", 422), ("before=0", 422), (f"before={2**60}", 422)],
)
def test_what_is_not_the_readers_does_not_exist(client: TestClient, query: str, status: int) -> None:
    assert client.get(f"{API}?{query}", headers={"who": "kim"}).status_code == status
    assert client.get(f"/me/accesses?{query}", headers={"who": "kim"}).status_code == status


def test_a_reader_whose_record_is_not_bound_yet_sees_an_empty_list(
    client: TestClient, embedded: AuditLog
) -> None:
    embedded.filled(6)
    empty = {"accesses": [], "before": None, "provenUntil": None}
    assert client.get(API, headers={"who": "unbound"}).json() == empty
    assert "아직 남은 접근 기록이 없습니다" in client.get("/me/accesses", headers={"who": "unbound"}).text
    assert client.get(f"{API}?record=1", headers={"who": "unbound"}).status_code == 404


def test_only_ones_own_lines_are_shown_with_staff_among_them(client: TestClient, embedded: AuditLog) -> None:
    embedded.append(
        embedded.entry(),
        embedded.entry(patient=LEE, object_id="of-lee"),
        embedded.entry(actor_kind=ActorKind.PERSON, actor_id=READER, action=Action.DOWNLOAD),
        embedded.entry(actor_kind=ActorKind.NOBODY, actor_id="nobody", outcome=Outcome.REFUSED),
        embedded.entry(action=Action.BREAK_GLASS, reason="의식 없음 <b>응급</b>"),
    )
    body = client.get(API, headers={"who": "kim"}).json()
    assert [line["number"] for line in body["accesses"]] == [4, 3, 2, 1]
    assert [line["yours"] for line in body["accesses"]] == [False, False, True, False]
    assert body["accesses"][3]["sentence"] == "2026년 3월 2일 14:06 내과 의사가 진료비 영수증을 열람했습니다"
    assert "of-lee" not in str(body)
    html = client.get("/me/accesses", headers={"who": "kim"}).text
    assert "내과 의사가 진료비 영수증을 열람했습니다" in html
    assert "본인이 진료비 영수증을 내려받았습니다" in html
    assert "사유: 의식 없음 &lt;b&gt;응급&lt;/b&gt;" in html
    for hidden in (DOCTOR, KIM, LEE, "10.20.30.40"):
        assert hidden not in html
    english = client.get("/me/accesses?lang=en", headers={"who": "kim"}).text
    assert "a doctor of internal medicine viewed a receipt for medical costs" in english
    lines = re.search(r"<ol.*</ol>", english, re.DOTALL)
    assert lines is not None
    assert not re.search("[가-힣]", lines.group().replace("의식 없음 &lt;b&gt;응급&lt;/b&gt;", ""))


def test_older_lines_follow_page_by_page_without_a_gap(client: TestClient, embedded: AuditLog) -> None:
    embedded.append(*(embedded.entry() for _ in range(service.PAGE * 2 + 3)))
    seen: list[int] = []
    query = ""
    for _ in range(3):
        body = client.get(f"{API}{query}", headers={"who": "kim"}).json()
        seen += [line["number"] for line in body["accesses"]]
        query = f"?before={body['before']}"
    assert body["before"] is None
    assert seen == list(range(service.PAGE * 2 + 3, 0, -1))
    first = client.get("/me/accesses", headers={"who": "kim"}).text
    assert 'href="/me/accesses?record=0&amp;before=54"' in first
    last = client.get("/me/accesses?record=0&before=4", headers={"who": "kim"}).text
    assert "before=" not in last.partition("<main")[2].partition("</main>")[0]


def test_who_is_a_patient_of_two_hospitals_chooses(client: TestClient, embedded: AuditLog) -> None:
    embedded.append(embedded.entry(), embedded.entry(patient=LEE), embedded.entry(patient=LEE))
    counts = [
        len(client.get(f"{API}?record={n}", headers={"who": "both"}).json()["accesses"]) for n in (0, 1)
    ]
    assert counts == [1, 2]
    assert "동해시립병원" in client.get("/me/accesses", headers={"who": "both"}).text


def test_the_page_says_until_when_the_chain_vouches(client: TestClient, embedded: AuditLog) -> None:
    made = embedded.filled(3).anchored_head()
    assert client.get(API, headers={"who": "kim"}).json()["provenUntil"] is None
    tree = MerkleTree.build([leaf_of(made.commitment)])
    with writing(embedded.engine) as session:
        service.note_anchored(session, made.commitment, issuer=1, root=tree.root, path=tree.proof(0), block=7)
    assert client.get(API, headers={"who": "kim"}).json()["provenUntil"] == "2026-03-02T05:08:00Z"
    html = client.get("/me/accesses", headers={"who": "kim"}).text
    assert "2026년 3월 2일 14:08까지의 기록은 블록체인에 표시되어" in html
