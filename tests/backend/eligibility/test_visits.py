"""진료확인번호: once for a visit, whatever is lost on the way and however many desks ask."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from counter import AID_CHOSEN, AID_ONE, AID_TWO, CLOSED, INSURED, SUSPENDED, Counter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.eligibility import service, visits
from backend.eligibility.models import VisitState
from backend.eligibility.service import VisitPlan, VisitToConfirm
from sandbox.eligibility.register import BALANCE
from sandbox.faults import Fault
from sandbox.people import person


def aided(counter: Counter, kind: int = AID_ONE) -> tuple[int, UUID]:
    """Somebody under medical aid 1 with a letter for department 01."""
    index = counter.fresh(kind)
    patient = counter.known(index)
    assert counter.letter(patient, counter.today).status_code == 303
    return index, patient


def wanted(counter: Counter, visit: str = "V-1", copay: int = 1500) -> VisitToConfirm:
    return VisitToConfirm(visit, VisitPlan(counter.today, "01"), copay)


def spent(counter: Counter, index: int) -> int:
    """What the insurer has taken off, in won."""
    return int(BALANCE - counter.ledger.balance(person(index)))


class TestRefused:
    @pytest.mark.parametrize(
        ("kind", "status", "error"),
        [
            (INSURED, 409, "NotMedicalAid"),
            (SUSPENDED, 409, "NotMedicalAid"),
            (CLOSED, 503, "CoverUncertain"),
            (AID_ONE, 409, "LetterNeeded"),
        ],
    )
    def test_what_cannot_be_confirmed(self, counter: Counter, kind: int, status: int, error: str) -> None:
        patient = counter.known(counter.fresh(kind))
        answer = counter.confirm(patient)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert counter.kept("visit", patient) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"copay": -1},
            {"copay": 1_000_001},
            {"department": "9"},
            {"visit": "x" * 41},
            {"day": "2999-01-01"},
        ],
    )
    def test_what_does_not_fit(self, counter: Counter, wrong: dict[str, object]) -> None:
        _, patient = aided(counter)
        assert counter.confirm(patient, **{"visit": "V-1", **wrong}).status_code == 422  # type: ignore[arg-type]
        assert counter.kept("visit", patient) == []

    def test_nobody_was_asked_without_a_number(self, counter: Counter) -> None:
        counter.desk.open("/staff/eligibility")
        made = counter.desk.send("/staff/eligibility", number="NO-9", name="가상환자", birth="1990-01-01")
        patient = UUID(made.headers["location"].rsplit("/", 1)[1])
        assert counter.confirm(patient).json()["error"] == "InsuredNumberNeeded"


class TestConfirmed:
    def test_the_number_comes_with_deduction_and_balance(self, counter: Counter) -> None:
        index, patient = aided(counter)
        made = counter.confirm(patient, 1500, "V-77").json()
        assert (made["state"], made["deducted"], made["balance"]) == ("confirmed", 1500, BALANCE - 1500)
        assert spent(counter, index) == 1500
        shown = counter.page(patient)
        assert made["number"] in shown
        assert "차감 1,500원" in shown
        kept = repr(counter.kept("visit", patient, "*"))
        assert made["number"] not in kept
        assert "V-77" not in kept
        letter = counter.api("GET", f"/patients/{patient}").json()["letters"][0]
        assert letter["usedOn"] == counter.today.isoformat()

    def test_the_deduction_goes_as_far_as_the_balance(self, counter: Counter) -> None:
        index, patient = aided(counter)
        assert [counter.confirm(patient, 4000).json()["deducted"] for _ in range(3)] == [4000, 2000, 0]
        assert spent(counter, index) == BALANCE

    def test_medical_aid_two_is_confirmed_without_deduction(self, counter: Counter) -> None:
        _, patient = aided(counter, AID_TWO)
        made = counter.confirm(patient, 1500).json()
        assert (made["state"], made["deducted"], made["balance"]) == ("confirmed", 0, None)

    def test_an_emergency_needs_no_letter(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(AID_CHOSEN))
        assert counter.confirm(patient, emergency=True).json()["state"] == "confirmed"

    def test_the_same_visit_again_is_the_same_number(self, counter: Counter) -> None:
        index, patient = aided(counter)
        first, second = (counter.confirm(patient, 1500, "V-1").json() for _ in range(2))
        assert first == second
        assert spent(counter, index) == 1500
        other = counter.confirm(patient, 1600, "V-1")
        assert (other.status_code, other.json()["error"]) == (409, "ConfirmationDiffers")
        assert spent(counter, index) == 1500

    def test_the_page_asks_and_keeps_what_was_typed(self, counter: Counter) -> None:
        _, patient = aided(counter)
        wrong = counter.do(patient, "confirmations", visit="V-5", visit_department="01", copay="many")
        assert wrong.status_code == 422
        assert 'value="V-5"' in wrong.text
        done = counter.do(patient, "confirmations", visit="V-5", visit_department="01", copay="1,500")
        assert done.status_code == 303
        assert "진료확인번호를 받았습니다" in counter.page(patient)

    def test_what_the_insurer_refuses_is_said_and_may_be_tried_again(self, counter: Counter) -> None:
        index, patient = aided(counter)
        counter.do(patient, "look-up")
        counter.ledger._spent[index] = BALANCE - 500  # another hospital was quicker
        refused = counter.confirm(patient, 1500, "V-1")
        assert (refused.status_code, refused.json()["error"]) == (409, "ConfirmationRefused")
        again = counter.confirm(patient, 1500, "V-1").json()
        assert (again["state"], again["deducted"]) == ("confirmed", 500)
        assert counter.kept("visit", patient, "state", "ORDER BY attempt") == [("refused",), ("confirmed",)]


class TestCancelled:
    def test_it_is_taken_back_and_the_money_restored(self, counter: Counter) -> None:
        index, patient = aided(counter)
        made = counter.confirm(patient, 1500, "V-1").json()
        path = f"/patients/{patient}/confirmations/{made['id']}/cancel"
        first, second = (counter.api("POST", path).json() for _ in range(2))
        assert (first["state"], first["restored"]) == ("cancelled", 1500)
        assert first == second
        assert spent(counter, index) == 0
        assert counter.confirm(patient, 1500, "V-1").json()["deducted"] == 1500
        assert spent(counter, index) == 1500

    def test_a_lost_answer_to_a_cancellation_is_asked_for_again(self, counter: Counter) -> None:
        index, patient = aided(counter)
        made = counter.confirm(patient, 1500, "V-1").json()
        counter.fails(Fault.DOWN, times=10)
        path = f"/patients/{patient}/confirmations/{made['id']}/cancel"
        assert counter.api("POST", path).json()["state"] == "cancelling"
        counter.well()
        assert counter.confirm(patient, 1500, "V-1").json()["error"] == "ConfirmationDiffers"
        assert visits.settle(counter.world.services) == {"cancelled": 1}
        assert spent(counter, index) == 0


class TestLost:
    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.BROKEN, Fault.GARBAGE])
    def test_a_lost_answer_never_doubles(self, counter: Counter, fault: Fault) -> None:
        index, patient = aided(counter)
        counter.do(patient, "look-up")
        counter.fails(fault, times=10)
        first = counter.confirm(patient, 1500, "V-1").json()
        assert first["state"] == "open"
        assert "결과를 아직 모릅니다" in counter.page(patient)
        counter.well()
        second = counter.confirm(patient, 1500, "V-1").json()
        assert (second["id"], second["state"]) == (first["id"], "confirmed")
        assert spent(counter, index) == 1500

    def test_a_gateway_that_is_down_leaves_it_open_and_the_job_ends_it(self, counter: Counter) -> None:
        index, patient = aided(counter)
        counter.do(patient, "look-up")
        counter.fails(Fault.DOWN, times=10)
        assert counter.confirm(patient, 1500, "V-1").json()["state"] == "open"
        assert spent(counter, index) == 0
        metrics = counter.world.client.get("/metrics").text
        assert "saegim_backend_eligibility_visits_uncertain 1.0" in metrics
        assert 'saegim_backend_eligibility_failures_total{ending="uncertain",operation="confirm"}' in metrics
        counter.well()
        assert visits.settle(counter.world.services) == {"confirmed": 1}
        assert spent(counter, index) == 1500
        metrics = counter.world.client.get("/metrics").text
        assert "saegim_backend_eligibility_visits_uncertain 0.0" in metrics

    def test_what_never_arrived_is_believed_late(self, counter: Counter) -> None:
        index, patient = aided(counter)
        counter.do(patient, "look-up")
        counter.fails(Fault.DOWN, times=10)
        made = counter.confirm(patient, 1500, "V-1").json()
        counter.well()
        path = f"/patients/{patient}/confirmations/{made['id']}/cancel"
        assert counter.api("POST", path).json()["state"] == "cancelling", "it may still be on its way"
        counter.world.late += timedelta(minutes=11)
        assert counter.api("POST", path).json()["state"] == "refused"
        assert spent(counter, index) == 0

    def test_an_insurer_that_takes_its_time(self, counter: Counter) -> None:
        index, patient = aided(counter)
        counter.ledger.hold = True
        assert counter.confirm(patient, 1500, "V-1").json()["state"] == "open"
        counter.ledger.hold = False
        counter.ledger.settle()
        assert visits.settle(counter.world.services) == {"confirmed": 1}
        assert spent(counter, index) == 1500


def test_two_desks_at_once_get_one_number(counter: Counter) -> None:
    index, _ = aided(counter)
    services, whose, by = counter.world.services, counter.whose(index), counter.by
    service.look_up(services, whose, counter.today, by)
    together, found = threading.Barrier(4), []

    def desk() -> None:
        together.wait()
        found.append(service.confirm_visit(services, whose, wanted(counter), by))

    threads = [threading.Thread(target=desk) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {each.state for each in found} == {VisitState.CONFIRMED}
    assert len({each.content.number for each in found}) == 1
    assert spent(counter, index) == 1500


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "confirm", "again", "cancel", "settle"]),
        st.integers(min_value=0, max_value=5000),
        st.sampled_from([Fault.NONE, Fault.NONE, Fault.LOSE, Fault.DOWN]),
    ),
    max_size=7,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_what_is_deducted_never_exceeds_the_balance_nor_what_is_noted(
    counter: Counter, acts: list[tuple[str, int, Fault]]
) -> None:
    """Whatever is confirmed, repeated, cancelled and lost: the insurer took off what the confirmations say."""
    counter.begin()
    index, _ = aided(counter)
    services, whose, by = counter.world.services, counter.whose(index), counter.by
    made: list[service.Confirmation] = []
    for number, (act, copay, fault) in enumerate(acts):
        counter.well()
        if fault is not Fault.NONE:
            counter.fails(fault, times=10)
        try:
            if act == "confirm":
                made.append(service.confirm_visit(services, whose, wanted(counter, f"V-{number}", copay), by))
            elif act == "again" and made:
                last = made[-1].content
                service.confirm_visit(services, whose, wanted(counter, last.visit, last.copay), by)
            elif act == "cancel" and made:
                service.cancel_confirmation(services, whose, made[-1].id, by)
            elif act == "settle":
                visits.settle(services)
        except (visits.CoverUncertain, visits.ConfirmationDiffers):
            pass
        assert 0 <= spent(counter, index) <= BALANCE
    counter.well()
    counter.world.late += timedelta(minutes=31)  # the circuit closes, and what never arrived is believed
    visits.settle(services)
    with visits.reading(services.database) as session:
        known = service.confirmations(services, session, whose)
    assert {each.state for each in known} <= {VisitState.CONFIRMED, VisitState.CANCELLED, VisitState.REFUSED}
    noted = sum(each.content.deducted or 0 for each in known if each.state is VisitState.CONFIRMED)
    assert noted == spent(counter, index) <= BALANCE
