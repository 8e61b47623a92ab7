"""HIRA's departments (진료과목) by name, as they stand on letters; `records.codes.DEPARTMENTS` for the reader."""

from __future__ import annotations

from collections.abc import Mapping

from backend.web.i18n import N_, Message, translate

NAMES: Mapping[str, Message] = {
    "00": N_("일반의"),
    "01": N_("내과"),
    "02": N_("신경과"),
    "03": N_("정신건강의학과"),
    "04": N_("외과"),
    "05": N_("정형외과"),
    "06": N_("신경외과"),
    "07": N_("흉부외과"),
    "08": N_("성형외과"),
    "09": N_("마취통증의학과"),
    "10": N_("산부인과"),
    "11": N_("소아청소년과"),
    "12": N_("안과"),
    "13": N_("이비인후과"),
    "14": N_("피부과"),
    "15": N_("비뇨의학과"),
    "16": N_("영상의학과"),
    "17": N_("방사선종양학과"),
    "18": N_("병리과"),
    "19": N_("진단검사의학과"),
    "20": N_("결핵과"),
    "21": N_("재활의학과"),
    "22": N_("핵의학과"),
    "23": N_("가정의학과"),
    "24": N_("응급의학과"),
    "25": N_("직업환경의학과"),
    "26": N_("예방의학과"),
    "50": N_("구강악안면외과"),
    "51": N_("치과보철과"),
    "52": N_("치과교정과"),
    "53": N_("소아치과"),
    "54": N_("치주과"),
    "55": N_("치과보존과"),
    "56": N_("구강내과"),
    "57": N_("영상치의학과"),
    "58": N_("구강병리과"),
    "59": N_("예방치과"),
    "61": N_("통합치의학과"),
    "80": N_("한방내과"),
    "81": N_("한방부인과"),
    "82": N_("한방소아과"),
    "83": N_("한방안·이비인후·피부과"),
    "84": N_("한방신경정신과"),
    "85": N_("침구과"),
    "86": N_("한방재활의학과"),
    "87": N_("사상체질과"),
}


def department_name(code: str) -> str:
    """In the reader's language; the code itself where there is no such department."""
    return translate(NAMES[code]) if code in NAMES else code
