"""Pages of the registration desk: foreigners' documents, codes to come back, newborns, 이중등록."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from backend.errors import SaegimError
from backend.identity.errors import AlreadyBound
from backend.identity.merge import DeskReason
from backend.identity.newborns import GENDERS, ORDERS, Birth
from backend.rendering import error_body
from backend.security import OwnForm, form_page
from backend.services import Services, ServicesDep
from backend.staff import desk, double_numbers, registration
from backend.staff.door import HOME, DeskDep, ProvenDeskDep
from backend.web.i18n import N_, Message, translate

router = APIRouter(prefix=HOME, include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]

REASONS: dict[DeskReason, Message] = {
    DeskReason.SAME_DOCUMENT: N_("같은 신분증을 확인했습니다"),
    DeskReason.NEWBORN_GROWN: N_("신생아로 등록했던 아이가 본인 계정을 만들었습니다"),
    DeskReason.SAME_NUMBER: N_("같은 환자 등록번호의 환자입니다"),
    DeskReason.PAPERS_SEEN: N_("같은 사람임을 보이는 서류를 확인했습니다"),
}
_GENDERS: dict[str, Message] = {"female": N_("여아"), "male": N_("남아"), "unknown": N_("아직 모름")}


@router.get("/registration", response_class=HTMLResponse)
def hub(request: Request, who: DeskDep, services: ServicesDep) -> HTMLResponse:
    """What there is."""
    return form_page(request, services, "staff_registration.html")


# --- foreigners


@router.get("/foreigners", response_class=HTMLResponse)
def foreigner_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """Account, document, registration number."""
    return _page(request, services, "staff_foreigner.html", _blank("account", "document", "born", "number"))


@router.post("/foreigners", dependencies=[OwnForm])
def see_document(
    request: Request,
    who: DeskDep,
    services: ServicesDep,
    account: Text = "",
    document: Text = "",
    born: Text = "",
    number: Text = "",
) -> HTMLResponse:
    """The desk has the person and the document before it."""
    typed = {"account": account, "document": document, "born": born, "number": number}
    paper = registration.InHand(document, _day(born))
    try:
        others = registration.see_document(services, who, account, paper, number)
    except AlreadyBound as error:
        double = desk.double(services, who, account, number)
        return _page(request, services, "staff_foreigner.html", typed, error, double=double)
    except SaegimError as error:
        return _page(request, services, "staff_foreigner.html", typed, error)
    same = [str(each) for each in others]
    blank = _blank(*typed)
    return _page(
        request, services, "staff_foreigner.html", blank, done=True, same=same, account=account.strip()
    )


@router.get("/entry-codes", response_class=HTMLResponse)
def code_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """For whoever has lost their passkey and has no Korean telephone."""
    return _page(request, services, "staff_entry_code.html", _blank("account", "document"), code="")


@router.post("/entry-codes", dependencies=[OwnForm])
def entry_code(
    request: Request, who: DeskDep, services: ServicesDep, account: Text = "", document: Text = ""
) -> HTMLResponse:
    """Shown once, to be handed over."""
    typed = {"account": account, "document": document}
    try:
        code = registration.entry_code(services, who, account, document)
    except SaegimError as error:
        return _page(request, services, "staff_entry_code.html", typed, error, code="")
    return _page(request, services, "staff_entry_code.html", _blank(*typed), code=code)


# --- newborns


@router.get("/newborns", response_class=HTMLResponse)
def newborn_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """Under which mother, which child."""
    return _newborn_page(request, services, _blank("mother", "child", "born", "gender") | {"order": "0"})


@router.post("/newborns", dependencies=[OwnForm])
def register_newborn(
    request: Request,
    who: DeskDep,
    services: ServicesDep,
    mother: Text = "",
    child: Text = "",
    born: Text = "",
    gender: Text = "",
    order: Text = "0",
) -> HTMLResponse:
    """The birth record and the mother's identity card are before the desk."""
    typed = {"mother": mother, "child": child, "born": born, "gender": gender, "order": order}
    place = int(order) if order.isascii() and order.isdigit() else -1
    birth = Birth(_day(born) or date.min, gender, place or 1, several=place > 0)
    try:
        registration.register_newborn(services, who, mother, child, birth)
    except SaegimError as error:
        return _newborn_page(request, services, typed, error)
    blank = _blank("mother", "child", "born", "gender") | {"order": "0"}
    return _newborn_page(request, services, blank, done=True)


def _newborn_page(
    request: Request,
    services: Services,
    typed: dict[str, str],
    error: SaegimError | None = None,
    **more: Any,
) -> HTMLResponse:
    genders = [(each, translate(_GENDERS[each])) for each in GENDERS]
    more |= {"genders": genders, "orders": [str(each) for each in ORDERS]}
    return _page(request, services, "staff_newborn.html", typed, error, **more)


@router.get("/newborns/name", response_class=HTMLResponse)
def name_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """출생신고 후 정보 변경."""
    return _page(request, services, "staff_newborn_name.html", _blank("child", "name", "issued"))


@router.post("/newborns/name", dependencies=[OwnForm])
def rename_newborn(
    request: Request,
    who: DeskDep,
    services: ServicesDep,
    child: Text = "",
    name: Text = "",
    issued: Text = "",
) -> HTMLResponse:
    """The family certificate is before the desk, and the hospital system has the name."""
    typed = {"child": child, "name": name, "issued": issued}
    try:
        registration.rename_newborn(services, who, child, name, _day(issued))
    except SaegimError as error:
        return _page(request, services, "staff_newborn_name.html", typed, error)
    return _page(request, services, "staff_newborn_name.html", _blank(*typed), done=True)


# --- 이중등록


@router.get("/double-accounts", response_class=HTMLResponse)
def merge_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """Which two accounts, and why."""
    return _merge_page(request, services, _blank("one", "other", "reason"))


@router.post("/double-accounts/check", dependencies=[OwnForm])
def merge_these(
    request: Request, who: DeskDep, services: ServicesDep, one: Text = "", other: Text = ""
) -> HTMLResponse:
    """From another page that has found two: the form, filled in."""
    return _merge_page(request, services, {"one": one, "other": other, "reason": ""})


@router.post("/double-accounts", dependencies=[OwnForm])
def merge_accounts(
    request: Request,
    who: DeskDep,
    services: ServicesDep,
    one: Text = "",
    other: Text = "",
    reason: Text = "",
    sure: Text = "",
) -> HTMLResponse:
    """The desk decides; the patient is told."""
    typed = {"one": one, "other": other, "reason": reason}
    try:
        kept = registration.merge_accounts(services, who, one, other, reason if sure == "yes" else "")
    except SaegimError as error:
        return _merge_page(request, services, typed, error)
    return _merge_page(request, services, _blank(*typed), kept=kept)


def _merge_page(
    request: Request,
    services: Services,
    typed: dict[str, str],
    error: SaegimError | None = None,
    **more: Any,
) -> HTMLResponse:
    reasons = [(each.value, translate(said)) for each, said in REASONS.items()]
    return _page(
        request, services, "staff_merge.html", typed, error, **({"kept": ""} | more), reasons=reasons
    )


@router.get("/duplicates", response_class=HTMLResponse)
def duplicates_form(request: Request, who: ProvenDeskDep, services: ServicesDep) -> HTMLResponse:
    """Look one number up, or say which numbers the hospital system has merged."""
    return _duplicates_page(request, services, _blank("number", "former", "present"))


@router.post("/duplicates/search", dependencies=[OwnForm])
def search(request: Request, who: DeskDep, services: ServicesDep, number: Text = "") -> HTMLResponse:
    """Every number that the hospital has of this person."""
    typed = _blank("former", "present") | {"number": number}
    try:
        found = double_numbers.look_up(services, who, number)
    except SaegimError as error:
        return _duplicates_page(request, services, typed, error)
    if found.goes_on is not None:
        typed |= {"former": number.strip(), "present": found.goes_on}
    return _duplicates_page(request, services, typed, rows=found.rows, goes_on=found.goes_on)


@router.post("/duplicates", dependencies=[OwnForm])
def follow(
    request: Request, who: DeskDep, services: ServicesDep, former: Text = "", present: Text = ""
) -> HTMLResponse:
    """The hospital system is master; ours follow."""
    typed = _blank("number") | {"former": former, "present": present}
    try:
        double_numbers.follow(services, who, former, present)
    except SaegimError as error:
        return _duplicates_page(request, services, typed, error)
    return _duplicates_page(request, services, _blank(*typed), done=True)


def _duplicates_page(
    request: Request,
    services: Services,
    typed: dict[str, str],
    error: SaegimError | None = None,
    **more: Any,
) -> HTMLResponse:
    return _page(
        request, services, "staff_duplicates.html", typed, error, **({"rows": None, "goes_on": None} | more)
    )


# --- what they share


def _page(
    request: Request,
    services: Services,
    template: str,
    typed: dict[str, str],
    error: SaegimError | None = None,
    **more: Any,
) -> HTMLResponse:
    status = error.status if error else 200
    body: dict[str, Any] = {"done": False, "double": None, "same": [], "account": ""} | more
    body |= {"typed": typed, "error": error_body(error) if error else None}
    return form_page(request, services, template, status=status, **body)


def _blank(*fields: str) -> dict[str, str]:
    return dict.fromkeys(fields, "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if len(text.strip()) == len("2020-01-01") else None
    except ValueError:
        return None
