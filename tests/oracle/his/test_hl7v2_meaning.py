"""What messages mean together: visits that begin, end and are taken back, merged patients, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import contract
import pytest
from hl7_hospital import VAULT, Hl7Hospital
from hl7_wire import Client, Listening, adt
from sqlalchemy import Engine, insert, select

from chain.db import make_engine, table_of
from oracle.db import migrate
from oracle.his.base import Action, HisDocument
from oracle.his.hl7v2.inbox import INBOX, owner_of
from oracle.models import Cursor, Quarantined
from sandbox.his.dirty import Sprinkler
from sandbox.his.events import Numbers, Step, Update
from sandbox.his.store import Writer
from sandbox.his.stories import refunded, settled_again

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class Oracle(Listening):
    """An adapter with a clock of its own, and whoever reads it."""

    def __init__(self, database: Engine) -> None:
        self.now = NOON
        super().__init__(database, lambda: self.now)
        self.cursor: str | None = None
        self._talking: Client | None = None

    def tell(self, *messages: bytes) -> None:
        """The hospital says this; all of it is acknowledged."""
        self._talking = self._talking or self.client()
        for message in messages:
            assert self._talking.say(message).accepted

    def read(self) -> list[HisDocument]:
        """What is new; nothing is rejected."""
        page = self.adapter.read(self.cursor, 1_000)
        self.cursor = page.next_cursor
        assert list(page.rejects) == []
        return list(page.documents)

    def rejected(self) -> list[tuple[str, str]]:
        return [(each.source_key, each.reason_code) for each in self.adapter.read(None, 1_000).rejects]

    def save_cursor(self) -> None:
        """As the pipeline does with the documents."""
        table = table_of(Cursor)
        with self.database.begin() as connection:
            connection.execute(insert(table).values(adapter=self.adapter.name, position=self.cursor))

    def contents(self) -> list[bytes | None]:
        with self.database.connect() as connection:
            rows = connection.execute(select(INBOX.c.id, INBOX.c.sealed).order_by(INBOX.c.id)).all()
        return [None if row.sealed is None else VAULT.open(row.sealed, owner_of(row.id)) for row in rows]


@pytest.fixture
def oracle(tmp_path: Path) -> Iterator[Oracle]:
    database = make_engine(f"sqlite:///{tmp_path}/oracle.db", synchronous="NORMAL")
    migrate(database)
    oracle = Oracle(database)
    yield oracle
    oracle.close()
    database.dispose()


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hl7Hospital]:
    hospital = Hl7Hospital(tmp_path, 0)
    yield hospital
    hospital.close()


def brief(documents: list[HisDocument]) -> list[tuple[str, str]]:
    return [(each.source_key, each.action.value) for each in documents]


def name_of(document: HisDocument) -> str:
    return str(document.payload["patient"]["name"])


class TestVisits:
    def test_a_visit_is_a_document_when_it_is_done(self, oracle: Oracle) -> None:
        oracle.tell(adt("A04", "V1", "090000"))
        assert oracle.read() == []
        oracle.tell(adt("A03", "V1", "100000", diagnoses=("J00",)))
        visit, diagnosis = oracle.read()
        assert brief([visit, diagnosis]) == [("visit:V1", "issue"), ("diagnosis:V1", "issue")]
        assert visit.changed_at == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
        assert visit.patient_number == "P1"

    def test_a_change_is_a_change_and_may_leave_the_diagnoses_out(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "100000", diagnoses=("J00", "I10")))
        oracle.read()
        oracle.tell(adt("A08", "V1", "110000", name="환자둘"))
        visit, diagnosis = oracle.read()
        assert name_of(visit) == name_of(diagnosis) == "환자둘"
        assert [entry["code"] for entry in diagnosis.payload["diagnoses"]] == ["J00", "I10"]

    def test_a_cancelled_visit_ends_its_documents_however_little_the_message_says(
        self, oracle: Oracle
    ) -> None:
        oracle.tell(adt("A03", "V1", "100000", diagnoses=("J00",)))
        oracle.read()
        oracle.tell(adt("A11", "V1", "110000", name="", department=""))
        assert brief(oracle.read()) == [("visit:V1", "cancel"), ("diagnosis:V1", "cancel")]

    def test_a_discharge_taken_back_ends_the_document_until_the_visit_is_done_again(
        self, oracle: Oracle
    ) -> None:
        oracle.tell(adt("A01", "V1", "090000"), adt("A03", "V1", "100000"))
        oracle.read()
        oracle.tell(adt("A13", "V1", "110000"))
        (ended, _) = oracle.read()
        assert (ended.action, ended.changed_at.hour) == (Action.CANCEL, 2)
        oracle.tell(adt("A03", "V1", "120000"))
        (again,) = oracle.read()
        assert again.action is Action.ISSUE
        assert again.changed_at > ended.changed_at

    def test_a_discharge_taken_back_that_nobody_knew_of_is_nothing(self, oracle: Oracle) -> None:
        oracle.tell(adt("A13", "V1", "110000"))
        assert oracle.read() == []

    def test_a_visit_of_which_only_changes_are_known_is_done_if_it_says_when_it_ended(
        self, oracle: Oracle
    ) -> None:
        oracle.tell(adt("A08", "V1", "100000"))
        assert oracle.read() == []
        oracle.tell(adt("A03", "V2", "100000").replace(b"ADT^A03", b"ADT^A08"))
        assert brief(oracle.read()) == [("visit:V2", "issue")]

    def test_the_same_end_whatever_the_order_and_however_often(self, tmp_path: Path) -> None:
        told = [
            adt("A04", "V1", "090000"),
            adt("A03", "V1", "100000", diagnoses=("J00",)),
            adt("A13", "V1", "103000"),
            adt("A03", "V1", "110000", diagnoses=("J01",)),
            adt("A08", "V1", "113000.2", name="환자둘"),
            adt("A08", "V1", "113000.1", name="환자셋"),
        ]
        orders = list(permutations(told))
        Random(4).shuffle(orders)
        ends = set()
        for number, order in enumerate(orders[:12]):
            database = make_engine(f"sqlite:///{tmp_path}/{number}.db", synchronous="NORMAL")
            migrate(database)
            oracle, reader = Oracle(database), contract.Reader()
            for message in order:
                oracle.tell(message, order[0])
                for document in oracle.read():
                    reader._take(document)
            ends.add(
                (name_of(reader.issued["visit:V1"]), reader.state("visit:V1"), reader.state("diagnosis:V1"))
            )
            assert [each["code"] for each in reader.issued["diagnosis:V1"].payload["diagnoses"]] == ["J01"]
            oracle.close()
            database.dispose()
        assert ends == {("환자둘", "issued", "issued")}


class TestQuarantine:
    def test_a_message_about_nothing_that_can_be_named_is_rejected_and_the_rest_is_read(
        self, oracle: Oracle
    ) -> None:
        oracle.tell(
            adt("A03", "", "100000", control_id="C7"), adt("A03", "V" * 61, "100000", control_id="C8")
        )
        oracle.tell(adt("A03", "V1", "100000"))
        page = oracle.adapter.read(None, 10)
        assert [(each.source_key, each.reason_code) for each in page.rejects] == [
            ("message:1:C7", "key-invalid"),
            ("message:2:C8", "key-invalid"),
        ]
        assert brief(list(page.documents)) == [("visit:V1", "issue")]
        again = oracle.adapter.reread(["message:1:C7", "message:x", "message:99"])
        assert [each.source_key for each in again.rejects] == ["message:1:C7"]

    def test_a_message_without_a_time_is_rejected(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "999999", sent="99999999"))
        assert oracle.rejected() == [("visit:V1", "stamp-invalid")]

    def test_a_merge_that_does_not_say_who_is_rejected(self, oracle: Oracle) -> None:
        oracle.tell(adt("A40", "", "100000", control_id="C7"))
        assert oracle.rejected() == [("message:1:C7", "missing")]

    def test_a_field_that_is_wrong_is_named_and_its_value_is_not(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "100000").replace(b"19700101", b"19709901"))
        (reject,) = oracle.adapter.read(None, 10).rejects
        assert (reject.source_key, reject.reason_code) == ("visit:V1", "date-unreal")
        assert reject.detail == "field patient_birth_date"

    def test_prescriptions_are_kept_and_become_no_document(self, hospital: Hl7Hospital) -> None:
        hospital.write(contract.Day(contract.Plan(contract.DAY, 20, seed=3)).steps())
        with hospital.database.connect() as connection:
            kinds = set(connection.execute(select(INBOX.c.type)).scalars())
        assert kinds >= {"ADT^A03", "DFT^P03", "RDE^O11"}
        page = hospital.adapters[-1].read(None, 1_000)
        assert {each.kind for each in page.documents} == {"visit", "diagnosis", "receipt", "statement"}
        assert list(page.rejects) == []


class TestMerges:
    @pytest.mark.parametrize("merged_first", [True, False])
    def test_the_documents_of_the_number_that_ends_stand_under_the_other(
        self, oracle: Oracle, merged_first: bool
    ) -> None:
        visits = [adt("A03", "V1", "100000", patient="OLD"), adt("A03", "V2", "100000", patient="OTHER")]
        merge = adt("A40", "OLD", "110000", patient="NEW")
        oracle.tell(*([merge, *visits] if merged_first else [*visits, merge]))
        numbers = {each.source_key: each for each in oracle.read()}
        assert numbers["visit:V1"].patient_number == "NEW"
        assert numbers["visit:V1"].payload["patient"]["number"] == "NEW"
        assert numbers["visit:V2"].patient_number == "OTHER"

    def test_a_merge_issues_what_was_read_before_anew(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "100000", patient="A"))
        oracle.read()
        oracle.tell(adt("A40", "A", "110000", patient="B"))
        assert [(each.source_key, each.patient_number) for each in oracle.read()] == [("visit:V1", "B")]
        oracle.tell(adt("A40", "B", "120000", patient="C"))
        assert [(each.source_key, each.patient_number) for each in oracle.read()] == [("visit:V1", "C")]

    def test_a_circle_of_merges_ends(self, oracle: Oracle) -> None:
        oracle.tell(adt("A40", "A", "110000", patient="B"), adt("A40", "B", "120000", patient="A"))
        oracle.tell(adt("A03", "V1", "100000", patient="A"))
        assert [each.source_key for each in oracle.read()] == ["visit:V1"]

    def test_a_refund_under_the_new_number_ends_the_receipt_under_the_old(
        self, hospital: Hl7Hospital
    ) -> None:
        teller = contract.teller_of(5)
        visit, seen = contract.visit_of(teller)
        first, mirror = refunded(teller, visit, datetime(2026, 11, 24, 11, 0))
        old = visit.patient.number
        hospital.write([seen, first])
        client = Client(hospital.connect())
        assert client.say(adt("A40", old, "113000", patient="10000199")).accepted
        client.close()
        moved = [
            write._replace(values=tuple("10000199" if value == old else value for value in write.values))
            for write in mirror.writes
            if not isinstance(write, Update)
        ]
        hospital.write([Step(mirror.at, moved)])
        reader = contract.Reader()
        contract.read_all(hospital.adapters[-1], reader)
        assert reader.rejects == []
        receipt = next(key for key in reader.cancelled if key.startswith("receipt:"))
        assert reader.state(receipt) == "withdrawn"
        assert reader.issued[receipt].patient_number == "10000199"


class TestKeeping:
    RETENTION = timedelta(days=7)

    def forget(self, oracle: Oracle) -> int:
        return oracle.adapter.forget(oracle.now - self.RETENTION, oracle.now - timedelta(days=400))

    def test_content_is_destroyed_after_its_days_once_it_is_read(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "100000"))
        oracle.now += timedelta(days=8)
        assert self.forget(oracle) == 0, "not read yet"
        oracle.read()
        oracle.save_cursor()
        oracle.tell(adt("A03", "V2", "110000"))
        assert self.forget(oracle) == 1
        kept = oracle.contents()
        assert kept[0] is None
        assert kept[1] is not None
        assert brief(oracle.read()) == [("visit:V2", "issue")]

    def test_a_message_in_quarantine_is_kept_for_a_person(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "100000", name=""))
        oracle.cursor = oracle.adapter.read(None, 10).next_cursor
        oracle.save_cursor()
        row: dict[str, Any] = {
            "reason": "missing",
            "paths": "",
            "seen": 1,
            "first_seen": NOON,
            "last_seen": NOON,
        }
        table = table_of(Quarantined)
        with oracle.database.begin() as connection:
            connection.execute(insert(table).values(source="visit:V1", state="open", **row))
        oracle.now += timedelta(days=8)
        assert self.forget(oracle) == 0
        with oracle.database.begin() as connection:
            connection.execute(table.update().values(state="discarded"))
        assert self.forget(oracle) == 1

    def test_a_message_sent_again_long_after_is_acknowledged_and_changes_nothing(
        self, oracle: Oracle
    ) -> None:
        message = adt("A03", "V1", "100000")
        oracle.tell(message)
        oracle.read()
        oracle.save_cursor()
        oracle.now += timedelta(days=8)
        self.forget(oracle)
        oracle.tell(message)
        assert oracle.stored() == 1
        assert oracle.read() == []

    def test_of_an_act_only_what_later_acts_need_outlives_its_message(self, hospital: Hl7Hospital) -> None:
        teller, at = contract.teller_of(5), datetime(2026, 11, 24, 11, 0)
        visit, seen = contract.visit_of(teller)
        bill = teller.desk.bill(visit, at)
        receipt = teller.desk.receipt(visit, at + timedelta(minutes=1), original=bill)
        hospital.write([seen, Step(bill.at, bill.writes()), Step(receipt.at, receipt.writes())])
        reader = contract.Reader()
        cursor = self.read_and_forget(hospital, reader)
        with hospital.database.connect() as connection:
            rows = connection.execute(select(INBOX.c.id, INBOX.c.stream, INBOX.c.sealed)).all()
        kept = [
            VAULT.open(row.sealed, owner_of(row.id)).decode() for row in rows if row.stream == "settlement"
        ]
        assert [json.loads(each)["kind"] for each in kept] == ["bill", "receipt"]
        assert all(visit.patient.name not in each for each in kept)
        assert all(row.sealed is None for row in rows if row.stream != "settlement")

        mirror = teller.desk.mirror(receipt, at + timedelta(days=8), resettles=False)
        hospital.write([Step(mirror.at, mirror.writes())])  # the refund comes when the messages are gone
        contract.read_all(hospital.adapter(), reader, cursor)
        assert reader.rejects == [], "what was delivered and is gone is no fault"
        contract.assert_reads_as(reader, teller.truth)
        everything = contract.Reader()
        contract.read_all(hospital.adapters[-1], everything)
        assert everything.rejects == []

    def read_and_forget(self, hospital: Hl7Hospital, reader: contract.Reader) -> str | None:
        """Read everything, save the cursor as the pipeline does, and let eight days pass."""
        adapter = hospital.adapters[-1]
        cursor = contract.read_all(adapter, reader)
        with hospital.database.begin() as connection:
            connection.execute(insert(table_of(Cursor)).values(adapter=adapter.name, position=cursor))
        hospital.pass_time(8 * 86_400)
        adapter.forget(hospital.clock() - self.RETENTION, hospital.clock() - timedelta(days=400))
        return cursor

    def test_facts_are_forgotten_in_the_end(self, oracle: Oracle) -> None:
        oracle.tell(adt("A03", "V1", "100000"))
        oracle.read()
        oracle.save_cursor()
        oracle.now += timedelta(days=401)
        self.forget(oracle)
        assert oracle.stored() == 0


class TestTheSendersOrder:
    def test_messages_of_a_day_in_any_order_end_as_the_day_did(self, hospital: Hl7Hospital) -> None:
        day = contract.Day(contract.Plan(contract.DAY, 25, seed=21))
        messages = []
        for step in day.steps():
            if step.writes:
                Writer(hospital.engine, clock=hospital.clock).step(step)
                messages += list(hospital.feed.changes())
            hospital.pass_time(0.5)
        Random(9).shuffle(messages)
        adapter, reader, cursor = hospital.adapters[-1], contract.Reader(), None
        for start in range(0, len(messages), 10):
            assert hospital.send(*messages[start : start + 13]).refused == []
            cursor = contract.read_all(adapter, reader, cursor)
        contract.assert_reads_as(reader, day.truth)

    def test_hostile_rows_travel_as_bytes_and_in_korean_character_sets(self, hospital: Hl7Hospital) -> None:
        sprinkler = Sprinkler(contract.DAY, Numbers("20261124"), 1, sqlite=True)
        hospital.write(sprinkler.steps(22))
        sent = [
            VAULT.open(row.sealed, owner_of(row.id))
            for row in hospital.database.connect().execute(select(INBOX.c.id, INBOX.c.sealed))
        ]
        assert any(b"|KS X 1001\r" in each and "뷁".encode("cp949") in each for each in sent)
        assert any(b"\xff\xfe\xff" in each for each in sent)
        assert any(b"\x00" in each for each in sent)
        assert any(len(each) > 3_000_000 for each in sent)

    def test_a_settlement_made_anew_replaces_whatever_comes_first(self, hospital: Hl7Hospital) -> None:
        teller = contract.teller_of(8)
        visit, seen = contract.visit_of(teller)
        for step in (seen, *settled_again(teller, visit, datetime(2026, 11, 24, 10, 30))):
            hospital.write([step])
        reader = contract.Reader()
        contract.read_all(hospital.adapters[-1], reader)
        contract.assert_reads_as(reader, teller.truth)
