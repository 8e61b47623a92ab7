"""What a person does at the desk of the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text

from sandbox.his.day import Day
from sandbox.his.operations import OperationRefused, cancel, close_day, correct

LATER = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def clock() -> datetime:
    return LATER


def standing(day: Day, kind: str) -> list[str]:
    """Numbers of documents that stand and that nothing refers to."""
    return [
        name.partition(":")[2]
        for name, each in day.truth.documents.items()
        if name.startswith(kind) and each.state == "issued"
    ]


def rows(engine: Engine, number: str) -> list[tuple[object, ...]]:
    query = """SELECT "SUNAP_GB", "CNCL_GB", "TOT_AMT", "INSU_GB", "SPCL_GB" FROM "SRCPTM"
                WHERE "ORG_SUNAP_NO" = :number ORDER BY 1, "SUNAP_NO" """
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"number": number})]


def test_what_is_not_there_is_refused(hospital: Engine):
    with pytest.raises(OperationRefused) as raised:
        cancel(hospital, "nothing")
    assert raised.value.number == "nothing"


def test_money_without_a_document_is_refused(hospital: Engine, fill: Callable[..., Day]):
    fill(80)
    with hospital.connect() as connection:
        number = connection.execute(
            text("""SELECT min("SUNAP_NO") FROM "SRCPTM" WHERE "SUNAP_GB" = '2'""")
        ).scalar()
    with pytest.raises(OperationRefused):
        cancel(hospital, str(number))


def test_a_receipt_is_cancelled_once(hospital: Engine, fill: Callable[..., Day]):
    number = standing(fill(40, plain=True), "receipt")[0]
    truth = cancel(hospital, number, clock=clock)
    assert {name: each.state for name, each in truth.documents.items()} == {
        f"receipt:{number}": "withdrawn",
        f"statement:{number}": "withdrawn",
    }
    ((kind, how, total, _, _),) = rows(hospital, number)
    assert (kind, how) == ("5", "1")
    assert total < 0
    with pytest.raises(OperationRefused):
        cancel(hospital, number)
    with pytest.raises(OperationRefused):
        correct(hospital, number)


def test_a_receipt_is_settled_anew_under_another_insurance(hospital: Engine, fill: Callable[..., Day]):
    number = standing(fill(40, plain=True), "receipt")[0]
    truth = correct(hospital, number, insurance="22", clock=clock)
    mirror, again = rows(hospital, number)
    assert mirror[:2] == ("5", "2")
    assert (again[0], again[3]) == ("6", "22")
    assert again[2] == -int(str(mirror[2])), "the same items, shared otherwise"
    ends = {name: (each.state, each.superseded_by) for name, each in truth.documents.items()}
    new = ends[f"receipt:{number}"][1]
    assert ends[f"receipt:{number}"] == ("superseded", new)
    assert new is not None and ends[new] == ("issued", None)


def test_what_was_settled_anew_can_be_cancelled_and_settled_again(hospital: Engine, fill: Callable[..., Day]):
    number = standing(fill(40, plain=True), "receipt")[0]
    for _ in range(3):
        truth = correct(hospital, number, clock=clock)
        number = next(n for n, e in truth.documents.items() if e.state == "issued").partition(":")[2]
    assert cancel(hospital, number, clock=clock).documents[f"receipt:{number}"].state == "withdrawn"


@pytest.mark.parametrize("options", [{"insurance": "99"}, {"special": "S99"}])
def test_an_unknown_insurance_is_refused_and_changes_nothing(
    hospital: Engine, fill: Callable[..., Day], options: dict[str, str]
):
    number = standing(fill(10, plain=True), "receipt")[0]
    with pytest.raises(OperationRefused):
        correct(hospital, number, **options)
    assert rows(hospital, number) == []


def test_a_bill_is_cancelled_but_not_settled_anew(hospital: Engine, fill: Callable[..., Day]):
    number = standing(fill(200), "bill")[0]
    with pytest.raises(OperationRefused):
        correct(hospital, number)
    assert cancel(hospital, number).documents[f"bill:{number}"].state == "withdrawn"


def test_closing_the_day_makes_refunds_of_what_still_waits(hospital: Engine, fill: Callable[..., Day]):
    number = standing(fill(10, plain=True), "receipt")[0]
    correct(hospital, number, clock=clock)
    with hospital.begin() as connection:
        connection.execute(text("""DELETE FROM "SRCPTM" WHERE "SUNAP_GB" = '6'"""))
    assert close_day(hospital, date(2026, 11, 24), clock=clock) == 1
    assert rows(hospital, number)[0][1] == "1"
    assert close_day(hospital, date(2026, 11, 24), clock=clock) == 0
