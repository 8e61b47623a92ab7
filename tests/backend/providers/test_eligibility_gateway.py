"""The gateway's adapter against the stand-in over real HTTP: each outcome, and money that is never taken twice."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import httpx
import pytest

from backend.providers.eligibility import (
    Cancelled,
    Confirmed,
    CopayReduction,
    Cover,
    Eligibility,
    Eligible,
    Lost,
    NotConfirmed,
    NotFound,
    NullEligibility,
    Registration,
    Suspended,
    Uncertain,
    Visit,
)
from backend.providers.eligibility import gateway_answers as answers
from backend.providers.errors import (
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUncertain,
)
from sandbox.eligibility.register import BALANCE, CHOSEN
from sandbox.faults import Fault
from sandbox.people import person

DAY = date(2026, 11, 24)
SPEC = (Path(__file__).parents[3] / "docs" / "eligibility-gateway.md").read_text("utf-8")
AID = 22  # medical aid 1, with 건강생활유지비


def registration(index: int) -> Registration:
    who = person(index)
    return Registration(who.name, resident_number=who.resident)


def visit(visit_id: str = "v-00000001", index: int = AID, deduct: int = 1_500) -> Visit:
    return Visit(visit_id, registration(index), DAY, "01", deduct)


class TestLookUp:
    def test_nobody_is_found_by_a_wrong_name_or_number(self, eligibility):
        who, other = person(1), person(2)
        look = eligibility.adapter.look_up
        assert look(Registration(other.name, resident_number=who.resident), DAY) == NotFound()
        assert look(Registration(who.name, insurance_number=other.insurance_number), DAY) == NotFound()
        assert look(Registration(who.name, resident_number="0000000000000"), DAY) == NotFound()

    @pytest.mark.parametrize("numbers", [{}, {"resident_number": "1", "insurance_number": "1"},
                                         {"resident_number": "900101-1234567"}, {"resident_number": "٣"}])  # fmt: skip
    def test_one_number_of_digits_or_none_is_asked(self, numbers):
        with pytest.raises(ValueError):
            Registration("환자0001", **numbers)

    def test_health_insurance_by_either_number(self, eligibility):
        who = person(1)
        found = Eligible(Eligibility(Cover.NATIONAL_HEALTH, DAY, date(2020, 1, 1)))
        assert eligibility.adapter.look_up(registration(1), DAY) == found
        by_card = Registration(who.name, insurance_number=who.insurance_number)
        assert eligibility.adapter.look_up(by_card, DAY) == found

    def test_medical_aid_with_its_chosen_institution_and_balance(self, eligibility):
        start = date(2020, 1, 1)
        first = Eligibility(
            Cover.MEDICAL_AID_1,
            DAY,
            start,
            chosen_institution=CHOSEN,
            health_balance=BALANCE,
            referral_required=True,
        )
        second = Eligibility(Cover.MEDICAL_AID_2, DAY, start, referral_required=True)
        assert eligibility.adapter.look_up(registration(2), DAY) == Eligible(first)
        assert eligibility.adapter.look_up(registration(3), DAY) == Eligible(second)

    def test_lost_from_its_day_on(self, eligibility):
        look = eligibility.adapter.look_up
        assert look(registration(4), date(2026, 7, 1)) == Lost(date(2026, 7, 1))
        before = look(registration(4), date(2026, 6, 30))
        assert isinstance(before, Eligible) and before.eligibility.valid_until == date(2026, 6, 30)

    def test_suspended_uncertain_and_the_others(self, eligibility):
        look = eligibility.adapter.look_up
        assert look(registration(5), DAY) == Suspended(date(2026, 3, 1), "unpaid")
        assert look(registration(6), DAY) == Uncertain("insurer-closed")
        cancer = look(registration(7), DAY)
        assert isinstance(cancer, Eligible)
        assert cancer.eligibility.reductions == (CopayReduction("V193", date(2024, 5, 2), date(2029, 5, 1)),)
        kinds = [look(registration(index), DAY).eligibility.kind for index in (8, 9)]  # type: ignore[union-attr]
        assert kinds == [Cover.NEAR_POOR, Cover.VETERANS]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"token": "another"}, "unauthorized"), ({"institution": "11111111"}, "forbidden")],
    )
    def test_a_wrong_contract_is_refused(self, eligibility, changes, code):
        adapter = eligibility.adapter_with(**changes)
        with pytest.raises(ProviderRefused, match=code):
            adapter.look_up(registration(1), DAY)
        adapter.close()

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN, Fault.DOWN, Fault.BUSY])
    def test_a_disturbed_look_up_is_repeated(self, eligibility, fault):
        eligibility.app.state.faults.add(fault)
        assert isinstance(eligibility.adapter.look_up(registration(1), DAY), Eligible)

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.GARBAGE, Fault.HUGE, Fault.DOWN])
    def test_and_unavailable_in_the_end(self, eligibility, fault):
        eligibility.app.state.faults.add(fault, times=3)
        with pytest.raises(ProviderUnavailable):
            eligibility.adapter.look_up(registration(1), DAY)


class TestVisits:
    def test_who_has_no_medical_aid_or_no_balance_is_not_confirmed(self, eligibility):
        confirm = eligibility.adapter.confirm_visit
        assert confirm(visit(index=1)) == NotConfirmed("v-00000001", "not-eligible")
        assert confirm(visit("v-00000002", index=4)) == NotConfirmed("v-00000002", "not-eligible")
        poor = visit("v-00000003", deduct=BALANCE + 1)
        assert confirm(poor) == NotConfirmed("v-00000003", "balance-too-low")
        second = visit("v-00000004", index=3, deduct=1)
        assert confirm(second) == NotConfirmed("v-00000004", "balance-too-low")
        assert eligibility.app.state.ledger.deducted == 0

    def test_a_visit_is_confirmed_and_deducted_once(self, eligibility):
        once = eligibility.adapter.confirm_visit(visit())
        assert once == Confirmed("v-00000001", "2026112400001", 1_500, BALANCE - 1_500)
        assert eligibility.adapter.confirm_visit(visit()) == once
        assert eligibility.adapter.visit_state("v-00000001") == once
        assert eligibility.app.state.ledger.deducted == 1_500

    def test_a_visit_without_deduction(self, eligibility):
        found = eligibility.adapter.confirm_visit(visit(index=3, deduct=0))
        assert found == Confirmed("v-00000001", "2026112400001", 0, None)

    def test_the_same_visit_with_other_content_is_refused(self, eligibility):
        eligibility.adapter.confirm_visit(visit())
        with pytest.raises(ProviderRefused, match="visit-differs"):
            eligibility.adapter.confirm_visit(visit(deduct=2_000))
        assert eligibility.app.state.ledger.deducted == 1_500

    def test_cancelled_twice_is_restored_once(self, eligibility):
        eligibility.adapter.confirm_visit(visit())
        for _ in range(2):
            assert eligibility.adapter.cancel_visit("v-00000001") == Cancelled("v-00000001", 1_500, BALANCE)
        assert eligibility.app.state.ledger.deducted == 0
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Cancelled)  # never confirmed anew

    def test_what_never_arrived_can_neither_be_seen_nor_cancelled(self, eligibility):
        unknown = NotConfirmed("v-00000009", "unknown-visit")
        assert eligibility.adapter.visit_state("v-00000009") == unknown
        assert eligibility.adapter.cancel_visit("v-00000009") == unknown

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN, Fault.DOWN, Fault.BUSY])
    @pytest.mark.parametrize("times", [1, 2])
    def test_a_lost_answer_is_asked_for_again_and_deducts_once(self, eligibility, fault, times):
        eligibility.app.state.faults.add(fault, times=times)
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Confirmed)
        assert eligibility.app.state.ledger.deducted == 1_500

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.GARBAGE, Fault.BROKEN])
    def test_answers_that_stay_lost_are_settled_by_the_state(self, eligibility, fault):
        eligibility.app.state.faults.add(fault, times=1 if fault is Fault.GARBAGE else 3)
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Confirmed)
        assert eligibility.app.state.ledger.deducted == 1_500

    def test_when_nothing_can_be_learned_it_is_uncertain_and_later_it_is_known(self, eligibility):
        eligibility.app.state.faults.add(Fault.LOSE, times=6)
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Uncertain)
        assert isinstance(eligibility.adapter.visit_state("v-00000001"), Confirmed)
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Confirmed)
        assert eligibility.app.state.ledger.deducted == 1_500

    def test_never_arrived_is_not_believed_while_it_may_be_on_its_way(self, eligibility):
        eligibility.app.state.faults.add(Fault.DOWN, times=3)
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Uncertain)
        assert isinstance(eligibility.adapter.confirm_visit(visit()), Confirmed)

    def test_nothing_sent_is_unavailable_and_not_uncertain(self, eligibility):
        away = eligibility.adapter_with(url="http://127.0.0.1:9")
        with pytest.raises(ProviderUnavailable):
            away.confirm_visit(visit())
        away.close()

    def test_a_deduction_that_the_insurer_holds_back_is_uncertain_until_settled(self, eligibility):
        eligibility.app.state.ledger.hold = True
        assert eligibility.adapter.confirm_visit(visit()) == Uncertain("pending")
        assert eligibility.adapter.visit_state("v-00000001") == Uncertain("pending")
        assert httpx.post(f"{eligibility.address}/sandbox/settle").json() == {"settled": 1}
        assert isinstance(eligibility.adapter.visit_state("v-00000001"), Confirmed)

    def test_a_cancelled_pending_visit_deducts_nothing(self, eligibility):
        eligibility.app.state.ledger.hold = True
        eligibility.adapter.confirm_visit(visit())
        assert eligibility.adapter.cancel_visit("v-00000001") == Cancelled("v-00000001", 0, BALANCE)
        eligibility.app.state.ledger.settle()
        assert eligibility.app.state.ledger.deducted == 0

    @pytest.mark.parametrize("fault", [Fault.LOSE, Fault.DELAY, Fault.BROKEN])
    def test_a_lost_cancellation_restores_once(self, eligibility, fault):
        eligibility.adapter.confirm_visit(visit())
        eligibility.app.state.faults.add(fault)
        assert isinstance(eligibility.adapter.cancel_visit("v-00000001"), Cancelled)
        assert eligibility.app.state.ledger.deducted == 0

    def test_a_cancellation_that_did_not_arrive_is_uncertain(self, eligibility):
        eligibility.adapter.confirm_visit(visit())
        eligibility.app.state.faults.add(Fault.DOWN, times=3)
        assert eligibility.adapter.cancel_visit("v-00000001") == Uncertain("not cancelled yet")

    @pytest.mark.parametrize("name", ["short", "../../lookups", "v 0000001", "v" * 65, "환자000000"])
    def test_what_is_no_visit_id_never_gets_into_an_address(self, eligibility, name):
        for call in (eligibility.adapter.visit_state, eligibility.adapter.cancel_visit):
            with pytest.raises(ValueError):
                call(name)


ELIGIBLE = {
    "outcome": "eligible",
    "kind": "national-health",
    "validFrom": "2020-01-01",
    "referralRequired": False,
}


class TestStrictReading:
    @pytest.mark.parametrize(
        "change",
        [
            {"outcome": "ok"},
            {"outcome": None},
            {"kind": "nhi"},
            {"kind": None},
            {"validFrom": "2026-11-25"},
            {"validFrom": None},
            {"validUntil": "2026-11-23"},
            {"validUntil": "soon"},
            {"referralRequired": None},
            {"referralRequired": "no"},
            {"chosenInstitution": "1234"},
            {"balanceWon": -1},
            {"balanceWon": 10**9 + 1},
            {"balanceWon": 1.5},
            {"balanceWon": True},
            {"reductions": {}},
            {"reductions": ["V193"]},
            {"reductions": [{"code": "v193", "validFrom": "2024-01-01"}]},
            {"reductions": [{"code": "V193"}]},
            {"reductions": [{"code": "V193", "validFrom": "2024-01-01"}] * 21},
        ],
    )
    def test_an_answer_that_is_not_as_written_covers_nobody(self, change):
        assert isinstance(answers.outcome(ELIGIBLE, DAY), Eligible)
        with pytest.raises(answers.AnswerUnusable):
            answers.outcome({**ELIGIBLE, **change}, DAY)

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"visitId": "v-2", "state": "confirmed", "confirmationNumber": "1", "deductedWon": 0},
            {"visitId": "v-1", "state": "done"},
            {"visitId": "v-1", "state": "confirmed", "deductedWon": 0},
            {"visitId": "v-1", "state": "confirmed", "confirmationNumber": "", "deductedWon": 0},
            {"visitId": "v-1", "state": "confirmed", "confirmationNumber": "1", "deductedWon": "0"},
            {"visitId": "v-1", "state": "cancelled"},
            {"visitId": "v-1", "state": "refused", "reason": "환자0001 is poor"},
        ],
    )
    def test_nor_confirms_anything(self, answer):
        with pytest.raises(answers.AnswerUnusable):
            answers.visit(answer, "v-1")

    def test_an_unusable_confirmation_is_uncertain(self, eligibility, monkeypatch):
        monkeypatch.setattr(eligibility.app.state.ledger, "_shown", lambda name, entry: {"visitId": name})
        with pytest.raises(ProviderUncertain):
            eligibility.adapter.confirm_visit(visit())


class TestWritten:
    """docs/eligibility-gateway.md says what adapter and stand-in do."""

    def test_its_examples_are_taken_by_the_stand_in(self, eligibility):
        headers = {"authorization": "Bearer sandbox-token"}
        look_up, confirm = (
            json.loads(text.replace("…", "00000")) for text in re.findall(r"```json\n(.+?)```", SPEC, re.S)
        )
        base = f"{eligibility.address}/eligibility/v1"
        answer = httpx.post(f"{base}/lookups", json=look_up, headers=headers).json()
        assert answer["outcome"] == "not-found"
        headers["idempotency-key"] = confirm["visitId"]
        assert httpx.post(f"{base}/visits", json=confirm, headers=headers).json()["state"] == "refused"

    def test_the_adapter_sends_the_fields_of_the_examples(self, eligibility, monkeypatch):
        sent: list[dict] = []
        real = eligibility.adapter._http.ask
        monkeypatch.setattr(
            eligibility.adapter._http, "ask", lambda ask: sent.append(dict(ask.body)) or real(ask)
        )
        eligibility.adapter.look_up(registration(1), DAY)
        eligibility.adapter.confirm_visit(visit())
        examples = [
            json.loads(text.replace("…", "0")) for text in re.findall(r"```json\n(.+?)```", SPEC, re.S)
        ]
        assert [set(body) for body in sent] == [set(body) for body in examples]
        assert [set(body["person"]) for body in sent] == [set(body["person"]) for body in examples]

    def test_every_word_of_the_adapter_is_written(self):
        words = [each.value for each in Cover]
        words += ["eligible", "not-found", "lost", "suspended", "uncertain"]
        words += ["confirmed", "refused", "cancelled", "pending", "unknown-visit", "visit-differs"]
        words += re.findall(r'"([a-z]+[A-Z][A-Za-z]+)"', Path(answers.__file__).read_text("utf-8"))
        assert len(words) > 20
        assert [word for word in words if f"`{word}`" not in SPEC and f'"{word}"' not in SPEC] == []


def test_nothing_personal_is_logged_or_told(eligibility, caplog):
    caplog.set_level("DEBUG")
    who, told = person(AID), []
    for number, fault in enumerate(Fault):
        eligibility.app.state.faults.add(fault, times=4)
        for call in (
            lambda: eligibility.adapter.look_up(registration(AID), DAY),
            lambda number=number: eligibility.adapter.confirm_visit(visit(f"v-0000000{number}")),
        ):
            try:
                told.append(repr(call()))
            except ProviderError as error:
                told.append(str(error) + repr(error))
        eligibility.app.state.faults.clear()
        eligibility.adapter._http.circuit.succeeded()
    assert len(told) == 2 * len(Fault)
    text = caplog.text + "".join(told) + repr(visit()) + repr(registration(AID))
    for value in (who.name, who.resident, who.resident[:6], "sandbox-token"):
        assert value not in text


def test_the_null_provider_warns_when_built_and_says_so_to_everybody(caplog):
    null = NullEligibility()
    assert "no eligibility gateway" in caplog.text
    for call in (
        lambda: null.look_up(registration(1), DAY),
        lambda: null.confirm_visit(visit()),
        lambda: null.visit_state("v-00000001"),
        lambda: null.cancel_visit("v-00000001"),
    ):
        with pytest.raises(ProviderUnavailable):
            call()
