"""National code lists that records use, each with its source. A code that is not listed here is not accepted.

Complete lists: KR Core 2.0.0 (HL7 Korea, STU 2 of 2025-08-29), code systems with content "complete":
hira-insurance-types, hira-medical-department, hira-healthcare-organization-types,
mohw-practitioner-qualification-types. Formats only: KCD-8 and the EDI fee, drug and material codes. Their
lists are large, change monthly and are published without content in KR Core, so a record checks the form of
such a code and never claims that the code exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any, Final

KRCORE: Final = "http://www.hl7korea.or.kr/fhir/krcore"
"""Base of KR Core's canonical addresses (an identifier of the standard, nothing is fetched from it)."""

HIRA_INSTITUTION: Final = "http://www.hl7korea.or.kr/Identifier/hira-krnpi"
MOHW_LICENCE: Final = "http://www.hl7korea.or.kr/Identifier/mohw-md-license-id"
HIRA_INSURANCE: Final = "http://www.hl7korea.or.kr/CodeSystem/hira-insurance-types"
HIRA_DEPARTMENT: Final = "http://www.hl7korea.or.kr/CodeSystem/hira-medical-department"
HIRA_INSTITUTION_TYPE: Final = "http://www.hl7korea.or.kr/CodeSystem/hira-healthcare-organization-types"
MOHW_QUALIFICATION: Final = "http://www.hl7korea.or.kr/CodeSystem/mohw-practitioner-qualification-types"
CONDITION_CATEGORY: Final = f"{KRCORE}/CodeSystem/krcore-condition-category-types"
KCD8: Final = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
EDI_PROCEDURE: Final = "http://www.hl7korea.or.kr/CodeSystem/hira-edi-procedure"
EDI_DRUG: Final = "http://www.hl7korea.or.kr/CodeSystem/hira-edi-medication"
EDI_MATERIAL: Final = "http://www.hl7korea.or.kr/CodeSystem/hira-edi-material"

KCD_FORM: Final = re.compile(r"[A-Z][0-9]{2}(?:\.?[0-9]{1,3})?", re.ASCII)
"""KCD-8: a letter, two digits, then up to three more; documents write a dot after the third character."""

EDI_FORMS: Final = {
    "procedure": re.compile(r"[A-Z]{1,2}[0-9A-Z]{3,4}[0-9A-Z]{0,4}", re.ASCII),
    "drug": re.compile(r"[0-9]{9}", re.ASCII),
    "material": re.compile(r"[A-Z][0-9A-Z]{4,8}", re.ASCII),
}
"""EDI codes by list: five characters and an optional suffix, nine digits, up to nine characters (CODE 9 of
the claim record). The material form beyond "at most nine characters" is unconfirmed."""


class InstitutionType(StrEnum):
    """HIRA 요양종별 (hira-healthcare-organization-types)."""

    TERTIARY = "01"
    GENERAL = "11"
    HOSPITAL = "21"
    NURSING = "28"
    MENTAL = "29"
    CLINIC = "31"
    DENTAL_HOSPITAL = "41"
    DENTAL_CLINIC = "51"
    MIDWIFERY = "61"
    HEALTH_CENTRE = "71"
    HEALTH_BRANCH = "72"
    HEALTH_POST = "73"
    MOTHER_CHILD = "74"
    HEALTH_MEDICAL_CENTRE = "75"
    PHARMACY = "81"
    ORIENTAL_GENERAL = "91"
    ORIENTAL_HOSPITAL = "92"
    ORIENTAL_CLINIC = "93"
    ORIENTAL_PHARMACY = "94"


INSTITUTION_TYPES: Final = {
    InstitutionType.TERTIARY: "상급종합병원",
    InstitutionType.GENERAL: "종합병원",
    InstitutionType.HOSPITAL: "병원",
    InstitutionType.NURSING: "요양병원",
    InstitutionType.MENTAL: "정신병원",
    InstitutionType.CLINIC: "의원",
    InstitutionType.DENTAL_HOSPITAL: "치과병원",
    InstitutionType.DENTAL_CLINIC: "치과의원",
    InstitutionType.MIDWIFERY: "조산원",
    InstitutionType.HEALTH_CENTRE: "보건소",
    InstitutionType.HEALTH_BRANCH: "보건지소",
    InstitutionType.HEALTH_POST: "보건진료소",
    InstitutionType.MOTHER_CHILD: "모자보건센타",
    InstitutionType.HEALTH_MEDICAL_CENTRE: "보건의료원",
    InstitutionType.PHARMACY: "약국",
    InstitutionType.ORIENTAL_GENERAL: "한방종합병원",
    InstitutionType.ORIENTAL_HOSPITAL: "한방병원",
    InstitutionType.ORIENTAL_CLINIC: "한의원",
    InstitutionType.ORIENTAL_PHARMACY: "한약방",
}
"""Korean name of each institution type, as KR Core displays it."""

DEPARTMENTS: Final = {
    "00": "일반의",
    "01": "내과",
    "02": "신경과",
    "03": "정신건강의학과",
    "04": "외과",
    "05": "정형외과",
    "06": "신경외과",
    "07": "흉부외과",
    "08": "성형외과",
    "09": "마취통증의학과",
    "10": "산부인과",
    "11": "소아청소년과",
    "12": "안과",
    "13": "이비인후과",
    "14": "피부과",
    "15": "비뇨의학과",
    "16": "영상의학과",
    "17": "방사선종양학과",
    "18": "병리과",
    "19": "진단검사의학과",
    "20": "결핵과",
    "21": "재활의학과",
    "22": "핵의학과",
    "23": "가정의학과",
    "24": "응급의학과",
    "25": "직업환경의학과",
    "26": "예방의학과",
    "50": "구강악안면외과",
    "51": "치과보철과",
    "52": "치과교정과",
    "53": "소아치과",
    "54": "치주과",
    "55": "치과보존과",
    "56": "구강내과",
    "57": "영상치의학과",
    "58": "구강병리과",
    "59": "예방치과",
    "61": "통합치의학과",
    "80": "한방내과",
    "81": "한방부인과",
    "82": "한방소아과",
    "83": "한방안·이비인후·피부과",
    "84": "한방신경정신과",
    "85": "침구과",
    "86": "한방재활의학과",
    "87": "사상체질과",
}
"""HIRA 진료과목: the two-digit codes of KR Core's value set krcore-medicaldepartment-codes (what a doctor's
specialty may be), without the one-digit claim groups."""


class Insurance(StrEnum):
    """보험유형 of a visit: HIRA's four claim insurers, and the payers beside them (DUR check interface,
    보험자구분)."""

    NATIONAL_HEALTH = "national-health"
    MEDICAL_AID = "medical-aid"
    VETERANS = "veterans"
    FREE = "free"
    CAR = "car"
    INDUSTRIAL = "industrial"
    SELF_PAY = "self-pay"


INSURANCE_NAMES: Final = {
    Insurance.NATIONAL_HEALTH: "건강보험",
    Insurance.MEDICAL_AID: "의료급여",
    Insurance.VETERANS: "보훈",
    Insurance.FREE: "무료진료",
    Insurance.CAR: "자동차보험",
    Insurance.INDUSTRIAL: "산재보험",
    Insurance.SELF_PAY: "일반",
}
HIRA_INSURANCE_CODES: Final = {
    Insurance.NATIONAL_HEALTH: "4",
    Insurance.MEDICAL_AID: "5",
    Insurance.VETERANS: "7",
    Insurance.FREE: "9",
}
"""hira-insurance-types has these four only. Its "9" is free care, while "09" of the DUR interface is a
self-paying patient, so the two are kept apart here by name."""


class LicenceKind(StrEnum):
    """면허종별 of those who may treat (mohw-practitioner-qualification-types; its codes are the Korean
    words)."""

    DOCTOR = "의사"
    DENTIST = "치과의사"
    ORIENTAL = "한의사"


class EncounterClass(StrEnum):
    """진료구분: 외래, 입원, 응급 (A5)."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"


ENCOUNTER_NAMES: Final = {
    EncounterClass.OUTPATIENT: "외래",
    EncounterClass.INPATIENT: "입원",
    EncounterClass.EMERGENCY: "응급",
}


class RevenueClass(StrEnum):
    """수익구분 (A5): under which revenue the hospital books the document.

    The accounting rule for hospitals (의료기관 회계기준 규칙) knows inpatient, outpatient and other
    revenue; the plan counts emergency care beside them (unconfirmed how each hospital splits it).
    """

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    OTHER = "other"


REVENUE_NAMES: Final = {
    RevenueClass.OUTPATIENT: "외래수익",
    RevenueClass.INPATIENT: "입원수익",
    RevenueClass.EMERGENCY: "응급수익",
    RevenueClass.OTHER: "기타의료수익",
}


class Coverage(StrEnum):
    """급여구분 of one line of the itemised statement."""

    COVERED = "covered"
    SELECTIVE = "selective"
    FULL = "full"
    UNCOVERED = "uncovered"


COVERAGE_NAMES: Final = {
    Coverage.COVERED: "급여",
    Coverage.SELECTIVE: "선별급여",
    Coverage.FULL: "전액본인부담",
    Coverage.UNCOVERED: "비급여",
}


class CodeList(StrEnum):
    """Which list a statement line's code comes from; `LOCAL` is the hospital's own (most uncovered items)."""

    PROCEDURE = "procedure"
    DRUG = "drug"
    MATERIAL = "material"
    LOCAL = "local"


class FeeItem(StrEnum):
    """Rows (항목) of Form 6: basic, optional, and those under them."""

    CONSULTATION = "consultation"
    WARD_SINGLE = "ward-single"
    WARD_TWO_THREE = "ward-two-three"
    WARD_FOUR_PLUS = "ward-four-plus"
    MEALS = "meals"
    MEDICATION_ACT = "medication-act"
    MEDICATION_DRUG = "medication-drug"
    INJECTION_ACT = "injection-act"
    INJECTION_DRUG = "injection-drug"
    ANAESTHESIA = "anaesthesia"
    TREATMENT = "treatment"
    TESTS = "tests"
    IMAGING = "imaging"
    RADIOTHERAPY = "radiotherapy"
    MATERIALS = "materials"
    REHABILITATION = "rehabilitation"
    PSYCHOTHERAPY = "psychotherapy"
    BLOOD = "blood"
    CT = "ct"
    MRI = "mri"
    PET = "pet"
    ULTRASOUND = "ultrasound"
    DENTAL_PROSTHESIS = "dental-prosthesis"
    CERTIFICATES = "certificates"
    SELECTIVE_BENEFIT = "selective-benefit"
    FLAT_65 = "flat-65"
    FLAT_NURSING = "flat-nursing"
    FLAT_PALLIATIVE = "flat-palliative"
    DRG = "drg"
    OTHER = "other"


FEE_NAMES: Final = dict(
    zip(
        FeeItem,
        [
            "진찰료",
            "입원료 1인실",
            "입원료 2·3인실",
            "입원료 4인실 이상",
            "식대",
            "투약 및 조제료 행위료",
            "투약 및 조제료 약품비",
            "주사료 행위료",
            "주사료 약품비",
            "마취료",
            "처치 및 수술료",
            "검사료",
            "영상진단료",
            "방사선치료료",
            "치료재료대",
            "재활 및 물리치료료",
            "정신요법료",
            "전혈 및 혈액성분제제료",
            "CT 진단료",
            "MRI 진단료",
            "PET 진단료",
            "초음파 진단료",
            "보철·교정료",
            "제증명수수료",
            "선별급여",
            "65세 이상 등 정액",
            "정액수가(요양병원)",
            "정액수가(완화의료)",
            "질병군 포괄수가",
            "기타",
        ],
        strict=True,
    )
)
"""Row names as Form 6 prints them."""

NAMES: Final[Mapping[type[Enum], Mapping[Any, str]]] = {
    InstitutionType: INSTITUTION_TYPES,
    Insurance: INSURANCE_NAMES,
    EncounterClass: ENCOUNTER_NAMES,
    RevenueClass: REVENUE_NAMES,
    Coverage: COVERAGE_NAMES,
    FeeItem: FEE_NAMES,
}
"""The Korean name of every coded value that documents show to people."""


def dotted_kcd(code: str) -> str:
    """The document form of a KCD code: E119 and E11.9 both give E11.9."""
    bare = code.replace(".", "")
    return bare if len(bare) == 3 else f"{bare[:3]}.{bare[3:]}"


def claim_kcd(code: str) -> str:
    """The claim (EDI) form of a KCD code: without its dot."""
    return code.replace(".", "")
