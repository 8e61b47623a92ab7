"""Code tables of the synthetic hospital, each with its source.

* EDI fee and drug codes are the published examples collected in the project's domain notes (section 1.6), nothing
  else. General hospitals bill AA156/AA256; the other fee codes were seen in clinic price lists.
* KCD codes are those of the same section, written without the dot as claims do. Names in Korean for E11.9, I10.9,
  J20.9, K29.7, B35.1 and E11.63 come from there; the other names are ours (unconfirmed).
* Everything the notes name no code for has a code of *this hospital*, always with the prefix ``H-``. No EDI code has
  a hyphen, so the two can not be taken for each other.
* Prices are the sandbox's own, except 가소콜액 (25 won), 단순처치 (7,220) and KOH 도말 (10,540), which were published.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OWN_PREFIX: Final = "H-"
"""Marks a code of the hospital itself: never a national code."""


class Cover(StrEnum):
    """급여구분: how an item is paid for under health insurance."""

    PARTLY = "1"
    """일부본인부담: shared between patient ① and insurer ②."""
    FULL = "2"
    """전액본인부담 ③."""
    NONE = "3"
    """비급여 ④."""


@dataclass(frozen=True, slots=True)
class Fee:
    """One priced item (수가, 약가, 재료). `row` is the hospital's own code of the Form 6 row it is summed into."""

    code: str
    name: str
    row: str
    price: int
    cover: Cover = Cover.PARTLY


ROWS: Final = {
    "01": "진찰료",
    "02": "입원료 1인실",
    "03": "입원료 2·3인실",
    "04": "입원료 4인실 이상",
    "05": "식대",
    "06": "투약 및 조제료 행위료",
    "07": "투약 및 조제료 약품비",
    "08": "주사료 행위료",
    "09": "주사료 약품비",
    "10": "마취료",
    "11": "처치 및 수술료",
    "12": "검사료",
    "13": "영상진단료",
    "14": "방사선치료료",
    "15": "치료재료대",
    "16": "재활 및 물리치료료",
    "17": "정신요법료",
    "18": "전혈 및 혈액성분제제료",
    "21": "CT 진단료",
    "22": "MRI 진단료",
    "23": "PET 진단료",
    "24": "초음파 진단료",
    "25": "보철·교정료",
    "26": "제증명수수료",
    "31": "선별급여",
    "36": "기타",
}
"""The hospital's own numbers of the rows of Form 6 (별지 제6호서식)."""

FIRST_VISIT: Final = Fee("AA156", "초진진찰료-종합병원", "01", 20_830)
RETURN_VISIT: Final = Fee("AA256", "재진진찰료-종합병원", "01", 15_450)
NIGHT_SURCHARGE: Final = Fee("H-NIGHT", "진찰료 야간·공휴 가산", "01", 0)
"""Priced at `money.NIGHT_PERCENT` of the consultation."""

OUTPATIENT: Final = (
    Fee("AL801", "외래 의약품관리료", "06", 270),
    Fee("KK052", "정맥내점적주사", "08", 6_410),
    Fee("M0111", "단순처치", "11", 7_220),
    Fee("AA222", "재진 물리치료·주사", "16", 6_150),
    Fee("AH200000", "만성질환관리료", "01", 2_140),
    Fee("H-LB01", "일반혈액검사", "12", 8_370),
    Fee("H-LB02", "일반화학검사", "12", 21_450),
    Fee("H-LB03", "당화혈색소검사", "12", 9_820),
    Fee("H-LB04", "소변검사", "12", 3_190),
    Fee("D620300HZ", "KOH도말", "12", 10_540),
    Fee("H-XR01", "흉부 단순촬영", "13", 9_270),
    Fee("H-XR02", "사지 단순촬영", "13", 8_940),
    Fee("H-PT01", "표층열치료", "16", 1_130),
    Fee("H-PT02", "경피적 전기신경자극치료", "16", 4_560),
    Fee("650100021", "가소콜액", "07", 25),
)
"""What outpatients are billed beside the consultation. Most drugs are dispensed outside (원외처방)."""

IMAGING: Final = (
    Fee("H-CT01", "복부 CT", "21", 158_230),
    Fee("H-MR01", "뇌 MRI", "22", 362_410),
    Fee("H-US01", "복부 초음파", "24", 91_350),
    Fee("H-US02", "갑상선 초음파", "24", 62_000, Cover.NONE),
)
UNCOVERED: Final = (
    Fee("642507551", "주블리아외용액 8mL", "07", 38_500, Cover.NONE),
    Fee("H-CF01", "진료확인서", "26", 3_000, Cover.NONE),
    Fee("H-NC01", "영양주사 관리료", "08", 45_000, Cover.NONE),
    Fee("H-FL01", "보조기 소모품", "15", 12_300, Cover.FULL),
)
INPATIENT: Final = (
    Fee("H-LB01", "일반혈액검사", "12", 8_370),
    Fee("H-LB02", "일반화학검사", "12", 21_450),
    Fee("H-XR01", "흉부 단순촬영", "13", 9_270),
    Fee("KK052", "정맥내점적주사", "08", 6_410),
    Fee("M0111", "단순처치", "11", 7_220),
    Fee("073400360", "노바스크정5mg", "07", 367),
    Fee("073400390", "노바스크정10mg", "07", 521),
    Fee("073400340", "리피토정10mg", "07", 662),
    Fee("073400330", "리피토정20mg", "07", 711),
    Fee("073400280", "쎄레브렉스캡슐200mg", "07", 701),
    Fee("073400200", "리리카캡슐75mg", "07", 539),
    Fee("641601050", "대웅푸루나졸정150mg", "07", 2_940),
    Fee("644100481", "에스로반연고", "07", 3_160),
    Fee("657301832", "발무드겔", "07", 2_870),
    Fee("642202450", "훼로바-유서방정", "07", 142),
    Fee("653700240", "마그밀정", "07", 23),
    Fee("650100021", "가소콜액", "07", 25),
    Fee("645405820", "에제티미브/아토르바스타틴정10/10", "07", 1_037),
    Fee("H-MT01", "수액세트", "15", 1_870),
    Fee("H-MT02", "드레싱 재료", "15", 4_230),
    Fee("H-BL01", "농축적혈구 320mL", "18", 52_470),
    Fee("H-AN01", "정맥마취", "10", 64_380),
    Fee("H-PT03", "관절 운동치료", "16", 11_260),
)
WARD_DAY: Final = (
    Fee("H-RM04", "입원료 4인실 이상", "04", 87_620),
    Fee("H-RM02", "입원료 2인실", "03", 141_230),
    Fee("H-RM01", "입원료 1인실", "02", 260_000, Cover.NONE),
)
MEAL: Final = Fee("H-ML01", "일반식", "05", 5_730)
EMERGENCY_CARE: Final = Fee("H-ER01", "응급의료관리료", "01", 67_470)


@dataclass(frozen=True, slots=True)
class Disease:
    """A KCD code without its dot, and its Korean name."""

    code: str
    name: str


DISEASES: Final = {
    "internal": (
        Disease("E119", "합병증을 동반하지 않은 2형 당뇨병"),
        Disease("E1163", "저혈당을 동반한 2형 당뇨병"),
        Disease("I109", "기타 및 상세불명의 원발성 고혈압"),
        Disease("E785", "상세불명의 고지질혈증"),
        Disease("K297", "상세불명의 위염"),
        Disease("K210", "식도염을 동반한 위-식도역류병"),
        Disease("K219", "식도염을 동반하지 않은 위-식도역류병"),
    ),
    "respiratory": (
        Disease("J209", "급성 기관지염"),
        Disease("J00", "급성 비인두염"),
        Disease("J069", "상세불명의 급성 상기도감염"),
        Disease("J304", "상세불명의 알레르기비염"),
        Disease("J0390", "상세불명의 급성 편도염"),
    ),
    "acute": (
        Disease("A099", "상세불명 기원의 위장염 및 결장염"),
        Disease("R1049", "상세불명의 복통"),
        Disease("J209", "급성 기관지염"),
    ),
    "skin": (Disease("B351", "손발톱백선"),),
}
"""Diseases by the sort of department that sees them."""


@dataclass(frozen=True, slots=True)
class DepartmentEntry:
    """진료과: the hospital's own code, its name, HIRA's two digits, and which diseases it sees."""

    code: str
    name: str
    hira: str
    sees: str


DEPARTMENTS: Final = (
    DepartmentEntry("IM", "내과", "01", "internal"),
    DepartmentEntry("IMDM", "당뇨·내분비센터", "01", "internal"),
    DepartmentEntry("IMGI", "소화기내과", "01", "internal"),
    DepartmentEntry("NR", "신경과", "02", "internal"),
    DepartmentEntry("GS", "외과", "04", "acute"),
    DepartmentEntry("PD", "소아청소년과", "11", "respiratory"),
    DepartmentEntry("ENT", "이비인후과", "13", "respiratory"),
    DepartmentEntry("DM", "피부과", "14", "skin"),
    DepartmentEntry("FM", "가정의학과", "23", "respiratory"),
)
EMERGENCY: Final = DepartmentEntry("ER", "응급의료센터", "24", "acute")

HOSPITAL: Final = {
    "YKIHO": "11100001",
    "HOSP_NM": "서울시 샘플의료원",
    "JONG_CD": "11",
    "TEL_NO": "02-0000-0000",
    "ADDR": "서울특별시 샘플구 견본로 1",
    "BIZ_NO": "000-00-00000",
    "REPR_NM": "샘플원장",
}
"""The hospital itself. Its number, telephone and business number belong to nobody."""
