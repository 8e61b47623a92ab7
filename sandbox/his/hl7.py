"""The synthetic hospital's rows as HL7 v2.5.1 messages, as its interface engine would write them.

Layout: the comments of `oracle/his/hl7v2/mapping.yaml`. What the database holds is sent as it is: bytes that are no
text stay bytes. A message's control id follows from what it says, so that the same state of a row is the same message
whenever it is sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

Row: TypeAlias = Mapping[Any, Any]
Field: TypeAlias = Any
"""A value, or a list of components, or nothing."""

UTF_8: Final = "UNICODE UTF-8"
KOREAN: Final = "KS X 1001"
_CODECS: Final = {UTF_8: "utf-8", KOREAN: "cp949"}
_ESCAPES: Final = (
    (b"\\", b"\\E\\"),
    (b"|", b"\\F\\"),
    (b"^", b"\\S\\"),
    (b"&", b"\\T\\"),
    (b"~", b"\\R\\"),
    (b"\r", b"\\X0D\\"),
    (b"\n", b"\\X0A\\"),
    (b"\x0b", b"\\X0B\\"),
    (b"\x1c", b"\\X1C\\"),
)
_EVENTS: Final = {"R": "A04", "A": "A01", "F": "A03", "D": "A03", "X": "A11"}
_STRUCTURES: Final = {"A03": "ADT_A03", "A11": "ADT_A09"}
"""Of the other events it is ADT_A01."""
_LONGEST_CONTROL_ID: Final = 20
_EXACT: Final = 10.0**15
"""Numbers below are written without their .0."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be sent."""

    control_id: str
    content: bytes


def visit_message(visit: Row, diagnoses: Sequence[Row], at: datetime, *, known: bool) -> Outgoing:
    """ADT of a visit. known: the visit was in this state when it was sent before, so that this is a change (A08)."""
    event = "A08" if known else _EVENTS.get(str(visit["STAT_GB"]), "A08")
    segments = [_evn(visit), _pid(visit), _pv1(visit)]
    for number, row in enumerate(diagnoses, 1):
        sure = {"1": "F", "2": "W"}.get(row["CNFM_GB"], row["CNFM_GB"])
        rank = "1" if row["MAIN_YN"] == "Y" else "2"
        code = [row["KCD_CD"], row["DIAG_NM"], "KCD"]
        segments.append(["DG1", number, "", code, "", visit["MED_DTM"], sure, *[""] * 8, rank])
    return message_of(["ADT", event, _STRUCTURES.get(event, "ADT_A01")], segments, at)


def settlement_message(act: Row, rows: Sequence[Row], lines: Sequence[Row], at: datetime) -> Outgoing:
    """DFT^P03 of an act of the cashier."""
    segments = [_evn(act), _pid(act), _visit_of(act), *_lines(act, lines), _zsp(act)]
    segments += [["ZSR", row["HANG_CD"], _shares(row)] for row in rows]
    return message_of(["DFT", "P03", "DFT_P03"], segments, at)


def order_message(visit: Row, orders: Sequence[Row], at: datetime) -> Outgoing:
    """RDE^O11 of a visit's prescribed drugs."""
    segments: list[list[Field]] = [_pid(visit), _pv1(visit)]
    for order in orders:
        number, code = f"{visit['VST_NO']}-{order['ORD_SEQ']}", [order["SUGA_CD"], order["SUGA_NM"], "KDC"]
        segments.append(["ORC", "DC" if order["DC_YN"] == "Y" else "NW", number])
        segments.append(["TQ1", 1, order["QTY"], "", "", "", [order["DAYS"], "d"]])
        segments += [["RXE", "", code, order["QTY"], "", "EA"], ["RXR", "PO"]]
    return message_of(["RDE", "O11", "RDE_O11"], segments, at)


def message_of(kind: list[str], segments: Iterable[Sequence[Field]], at: datetime) -> Outgoing:
    """Header and segments in the character set that holds them all. kind: components of MSH-9."""
    charset = _charset(list(segments))
    codec = _CODECS[charset]
    body = b"\r".join(b"|".join(_field(field, codec) for field in segment) for segment in segments) + b"\r"
    control_id = base64.b32encode(hashlib.sha256(kind[0].encode() + body).digest()).decode()[
        :_LONGEST_CONTROL_ID
    ]
    stamp = f"{at:%Y%m%d%H%M%S}.{at.microsecond // 100:04d}{at:%z}"
    head = ["MSH", "^~\\&", "HIS", "SAMPLE", "SAEGIM", "SAMPLE", stamp, "", "^".join(kind)]
    head += [control_id, "P", "2.5.1", "", "", "", "", "KOR", charset]
    return Outgoing(control_id, "|".join(head).encode("ascii") + b"\r" + body)


def _charset(segments: Sequence[Sequence[Field]]) -> str:
    """UTF-8, unless a value is bytes that are text in KS X 1001 only."""
    values = [value for segment in segments for field in segment for value in _parts(field)]
    foreign = [value for value in values if isinstance(value, bytes) and not _decodes(value, "utf-8")]
    if foreign and all(_decodes(value, "cp949") for value in foreign):
        return KOREAN
    return UTF_8


def _decodes(value: bytes, codec: str) -> bool:
    try:
        value.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _parts(field: Field) -> Sequence[Any]:
    return field if isinstance(field, list) else [field]


def _field(field: Field, codec: str) -> bytes:
    return b"^".join(_value(part, codec) for part in _parts(field)).rstrip(b"^")


def _value(value: Any, codec: str) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        raw = value
    elif isinstance(value, float | Decimal) and abs(float(value)) < _EXACT and value == int(value):
        raw = str(int(value)).encode()
    else:
        raw = str(value).encode(codec, "surrogateescape" if codec == "utf-8" else "replace")
    for mark, code in _ESCAPES:
        raw = raw.replace(mark, code)
    return raw


def _evn(row: Row) -> list[Field]:
    stamp = row["CHG_DT"]
    written = stamp if isinstance(stamp, datetime) else datetime.fromisoformat(str(stamp))
    return ["EVN", "", f"{written:%Y%m%d%H%M%S}.{written.microsecond:06d}"[:-2] + "+0900"]


def _pid(row: Row) -> list[Field]:
    number = [row["PT_NO"], "", "", "SAMPLE", "PI"]
    return ["PID", 1, "", number, "", [row["PT_NM"]], "", row["BRTH_YMD"], row["SEX_GB"]]


def _pv1(visit: Row) -> list[Field]:
    """The visit as a whole."""
    place = [visit["DEPT_CD"], "", "", "", "", "", "", "", visit["DEPT_NM"]]
    doctor = [visit["LCNS_NO"], visit["EMP_NM"], *[""] * 10, "MD"]
    fields = {2: visit["VST_GB"], 3: place, 7: doctor, 10: visit["HIRA_CD"], 19: visit["VST_NO"]}
    return _placed("PV1", 45, fields | {20: visit["INSU_GB"], 44: visit["MED_DTM"], 45: visit["FIN_DTM"]})


def _visit_of(act: Row) -> list[Field]:
    """As much of the visit as the cashier's act knows."""
    kind = {"M": "I", "D": "I"}.get(str(act["CALC_GB"]), act["CALC_GB"])
    return _placed("PV1", 44, {2: kind, 19: act["VST_NO"], 20: act["INSU_GB"], 44: act["MED_YMD"]})


def _placed(name: str, length: int, fields: Mapping[int, Field]) -> list[Field]:
    return [name, *(fields.get(number, "") for number in range(1, length + 1))]


def _lines(act: Row, lines: Sequence[Row]) -> Iterator[list[Field]]:
    """The priced items; of an act that has none (an advance), the payment, because P03 has at least one FT1."""
    if not lines and act["SUNAP_GB"] in ("1", "2"):
        paid = ["FT1", 1, "", "", act["SUNAP_YMD"], "", "PY", ["ADVANCE", "선납"], "", "", 1, act["CARD_AMT"]]
        yield paid
    for row in lines:
        kind = "CD" if act["SUNAP_GB"] == "5" else "CG"
        code = [row["SUGA_CD"], row["SUGA_NM"], row["SUGA_GB"]]
        yield [
            *("FT1", row["SEQ"], "", "", row["ORD_YMD"], "", kind, code, "", ""),
            *(row["QTY"], row["AMT"], row["PRICE"]),
        ]
        yield ["ZFT", row["HANG_CD"], row["GUB"], row["DAYS"], _shares(row)]


def _zsp(act: Row) -> list[Field]:
    """The act itself."""
    named = (
        "SUNAP_NO",
        "SUNAP_GB",
        "CALC_GB",
        "SUNAP_YMD",
        "SUNAP_DTM",
        "PRT_DTM",
        "ORG_SUNAP_NO",
        "ORG_SUNAP_YMD",
    )
    sums = ("OVR_AMT", "TOT_AMT", "GONGT_AMT", "PAT_AMT", "PRE_AMT", "DUE_AMT")
    return [
        "ZSP",
        *(act[name] for name in (*named, "CNCL_GB", "RCPT_NO")),
        [act["MED_FR_YMD"], act["MED_TO_YMD"]],
        [act["DEPT_CD"], act["DEPT_NM"], act["HIRA_CD"]],
        *(act[name] for name in ("INSU_GB", "NGT_GB", "WARD_NM")),
        _shares(act),
        [act[name] for name in sums],
        [act[name] for name in ("CARD_AMT", "CSHR_AMT", "CASH_AMT")],
        [act[name] for name in ("CUT_UNIT", "CUT_BON_AMT", "CUT_GONG_AMT")],
    ]


def _shares(row: Row) -> list[Field]:
    return [row[name] for name in ("BON_AMT", "GONG_AMT", "JUN_AMT", "BIG_AMT")]
