"""One plainly synthetic document of each kind, for benches and tests.

People and institution are invented. Codes and their names are real ones (KCD-8, drug codes with their leading
zeros, clinic fee codes of 2026); prices are examples. `full` fills every optional field.
"""

from __future__ import annotations

from typing import Any

from records.codes import FeeItem

DAY = "2026-03-05"

_PRICES = (18_840, 0, 0, 0, 0, 7_220, 12_340, 1_500, 9_870, 0, 7_220, 24_680, 33_330)


def institution() -> dict[str, Any]:
    """The sample hospital, with all that Form 6 prints at its foot."""
    return {
        "number": "11100001",
        "type": "11",
        "name": "서울시 샘플의료원",
        "phone": "02-0000-0000",
        "address": "서울특별시 샘플구 샘플로 1",
        "business_number": "000-00-00000",
        "representative": "김샘플",
    }


def patient(*, full: bool = False) -> dict[str, Any]:
    """A patient of the sample hospital."""
    named = {"number": "00012345", "name": "홍길동"}
    return named | ({"birth_date": "1957-03", "sex": "female"} if full else {})


def department(*, full: bool = False) -> dict[str, Any]:
    """내과."""
    return {"code": "01", "name": "소화기내과"} | ({"local_code": "IMG"} if full else {})


def doctor(*, full: bool = False) -> dict[str, Any]:
    """A doctor in charge."""
    return {"name": "이진료"} | ({"licence_kind": "의사", "licence_number": "012345"} if full else {})


def visit(*, full: bool = False) -> dict[str, Any]:
    """진료이력 of an outpatient, or with `full` of an inpatient."""
    data: dict[str, Any] = {
        "institution": institution(),
        "encounter_class": "inpatient" if full else "outpatient",
        "patient": patient(full=full),
        "visit_date": f"{DAY}T09:30:00+09:00",
        "department": department(full=full),
        "doctor": doctor(full=full),
        "insurance": "national-health",
    }
    if full:
        data |= {
            "number": "V2026030500017",
            "period": {"start": DAY, "end": "2026-03-09"},
            "patient_class": "건강보험",
        }
    return data


def _rows(count: int) -> list[dict[str, Any]]:
    rows = []
    for index, item in enumerate(list(FeeItem)[:count]):
        price = _PRICES[index % len(_PRICES)]
        share = price * 3 // 10
        uncovered = 5_000 if index % 7 == 6 else 0
        rows.append({"item": str(item), "patient": share, "insurer": price - share, "uncovered": uncovered})
    rows[0]["full"] = 1_230
    return rows


_FORM6_EXTRAS: dict[str, Any] = {
    "drg": "D601",
    "ward": "71병동 03호",
    "night": True,
    "holiday": True,
    "reissue": 1,
    "note": "문의 원무과",
}


def bill(*, rows: int = 29, full: bool = False) -> dict[str, Any]:
    """계산서 with so many rows; patient share cut to 100 won, the rest taken over by the insurer."""
    fees = _rows(rows)
    sums = {
        name: sum(row.get(name, 0) for row in fees) for name in ("patient", "insurer", "full", "uncovered")
    }
    cut = sums["patient"] % 100
    sums["patient"] -= cut
    sums["insurer"] += cut
    excess = 1_000 if full else 0
    already_paid = 2_000 if full else 0
    patient_total = sums["patient"] - excess + sums["full"] + sums["uncovered"]
    data: dict[str, Any] = {
        "institution": institution(),
        "number": "202603-000123",
        "encounter_class": "inpatient" if full else "outpatient",
        "stay": "discharge" if full else None,
        "issued_date": DAY,
        "patient": patient(full=full),
        "visit_date": DAY,
        "period": {"start": DAY, "end": DAY},
        "department": department(full=full),
        "patient_class": "건강보험",
        "revenue_class": "inpatient" if full else "outpatient",
        "rows": fees,
        "rounding": {"unit": 100, "patient": -cut, "insurer": cut},
        "totals": sums,
        "ceiling_excess": excess,
        "total": sum(sums.values()),
        "insurer_total": sums["insurer"] + excess,
        "patient_total": patient_total,
        "already_paid": already_paid,
        "due": patient_total - already_paid,
    }
    return data | (_FORM6_EXTRAS if full else {})


def receipt(*, rows: int = 29, full: bool = False) -> dict[str, Any]:
    """영수증: the same form, paid by card, or with `full` by all means and not entirely."""
    data = bill(rows=rows, full=full)
    left = 500 if full else 0
    paid = data["due"] - left
    by_cash = {"cash_receipt": 3_000, "cash": 1_000} if full else {"cash_receipt": 0, "cash": 0}
    data |= {
        "settled_date": DAY,
        "paid": {"card": paid - sum(by_cash.values()), **by_cash, "total": paid},
        "outstanding": left,
    }
    if full:
        data["cash_receipt_approval"] = "0123456789"
    return data


_LINES: tuple[tuple[str, str, str, str, int, str, str, int, str], ...] = (
    ("진찰료", "procedure", "AA254", "재진진찰료-의원", 13_370, "1", "1", 1, "covered"),
    ("처치 및 수술료", "procedure", "M0111", "단순처치", 7_220, "1", "1", 1, "covered"),
    ("검사료", "procedure", "D620300HZ", "KOH도말", 10_540, "1", "1", 1, "full"),
    ("투약 및 조제료 약품비", "drug", "650100021", "가소콜액", 25, "1", "3", 5, "covered"),
    ("투약 및 조제료 약품비", "drug", "073400360", "노바스크정 5mg", 111, "0.5", "3", 3, "selective"),
    ("제증명수수료", "local", "CERT-01", "진료확인서", 3_000, "1", "1", 1, "uncovered"),
)


def _line(index: int, *, full: bool) -> dict[str, Any]:
    item, code_list, code, name, price, dose, times, days, coverage = _LINES[index % len(_LINES)]
    amount = int(price * float(dose) * float(times) * days)
    share = amount * 3 // 10
    columns = {"full": {"full": amount}, "uncovered": {"uncovered": amount}}
    line = {
        "item": item,
        "date": DAY,
        "code": code,
        "code_list": code_list,
        "name": name,
        "unit_price": price,
        "dose": dose,
        "times": times,
        "days": days,
        "amount": amount,
        "coverage": coverage,
    } | columns.get(coverage, {"patient": share, "insurer": amount - share})
    return line | ({"item_number": "03", "sub_item_number": "01"} if full else {})


def statement(*, lines: int = 24, full: bool = False) -> dict[str, Any]:
    """진료비 세부산정내역 with so many lines, cut to 10 won."""
    entries = [_line(index, full=full) for index in range(lines)]
    names = ("patient", "insurer", "full", "uncovered")
    sums = {name: sum(entry.get(name, 0) for entry in entries) for name in names}
    cut = sums["patient"] % 10
    totals = sums | {"patient": sums["patient"] - cut}
    data: dict[str, Any] = {
        "institution": institution(),
        "encounter_class": "outpatient",
        "issued_date": DAY,
        "patient": patient(full=full),
        "visit_date": DAY,
        "period": {"start": DAY, "end": DAY},
        "department": department(full=full),
        "patient_class": "건강보험",
        "revenue_class": "outpatient",
        "lines": entries,
        "subtotal": sums | {"amount": sum(sums.values())},
        "rounding": {"unit": 10, "patient": -cut},
        "totals": totals | {"amount": sum(totals.values())},
    }
    if full:
        data |= {
            "receipt_number": "202603-000123",
            "ward": "71병동 03호",
            "remark": "재발급",
            "applicant": {"name": "홍보호", "relation": "배우자"},
        }
    return data


def diagnosis(*, full: bool = False) -> dict[str, Any]:
    """진단내역: one main diagnosis, two secondary ones."""
    return {
        "institution": institution(),
        "encounter_class": "outpatient",
        "patient": patient(full=full),
        "visit_date": DAY,
        "department": department(full=full),
        "doctor": doctor(full=full),
        "diagnoses": [
            {
                "code": "E119",
                "name": "합병증을 동반하지 않은 2형 당뇨병",
                "rank": "main",
                "certainty": "confirmed",
            },
            {
                "code": "I10.9",
                "name": "기타 및 상세불명의 원발성 고혈압",
                "rank": "sub",
                "certainty": "confirmed",
            },
            {
                "code": "K29.7",
                "name": "상세불명의 위염",
                "rank": "sub",
                "certainty": "suspected",
            },
        ],
    }


SAMPLES = {"visit": visit, "receipt": receipt, "bill": bill, "statement": statement, "diagnosis": diagnosis}
"""A sample of every kind by its name; call with ``full=True`` for one that fills every field."""
