"""The vendor's own tables, named and typed the way Korean hospital systems do it.

Dates are CHAR(8) ``YYYYMMDD``, times CHAR(6), flags one letter, amounts whole won. Only two things change after they
were written: a visit (OVSITM) and a cashier's row (SRCPTM), so these carry the change stamp CHG_DT, set by the
database's writer at each write. Money is never updated: a mistake is mirrored with minus and settled again.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Numeric, String, Table, Text

metadata = MetaData()


def _char(name: str, length: int, **options: Any) -> Column[str]:
    return Column(name, String(length), **options)


def _won(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


HOSPITAL: Final = Table(
    "CHOSPM",
    metadata,
    _char("YKIHO", 8, primary_key=True, comment="요양기관기호"),
    _char("HOSP_NM", 100, comment="요양기관명"),
    _char("JONG_CD", 2, comment="요양기관종별"),
    _char("TEL_NO", 20),
    _char("ADDR", 200),
    _char("BIZ_NO", 12, comment="사업자등록번호"),
    _char("REPR_NM", 50, comment="대표자"),
)
DEPARTMENTS: Final = Table(
    "CDEPTM",
    metadata,
    _char("DEPT_CD", 8, primary_key=True, comment="원내 진료과 코드"),
    _char("DEPT_NM", 60),
    _char("HIRA_CD", 2, comment="심평원 진료과목코드"),
)
STAFF: Final = Table(
    "HUSERM",
    metadata,
    _char("EMP_NO", 10, primary_key=True, comment="사번"),
    _char("EMP_NM", 60),
    _char("LCNS_GB", 2, comment="면허종별 AA 의사"),
    _char("LCNS_NO", 6, comment="면허번호"),
    _char("DEPT_CD", 8),
)
FEES: Final = Table(
    "CSUGAM",
    metadata,
    _char("SUGA_CD", 9, primary_key=True, comment="수가/약가 코드; H- = 원내 코드"),
    _char("SUGA_NM", 100),
    _char("HANG_CD", 2, comment="진료비 항목 (원내 번호)"),
    _won("PRICE"),
    _char("GUB", 1, comment="급여구분 1 일부본인 2 전액본인 3 비급여"),
)
PATIENTS: Final = Table(
    "PPTNTM",
    metadata,
    _char("PT_NO", 10, primary_key=True, comment="환자등록번호"),
    Column("PT_NM", Text, comment="환자명"),
    _char("BRTH_YMD", 8),
    _char("SEX_GB", 1),
    _char("RRN_NO", 13, comment="시험용 번호 (실제 주민등록번호 아님)"),
    _char("RRN_GB", 1, comment="T = 시험용"),
)
VISITS: Final = Table(
    "OVSITM",
    metadata,
    _char("VST_NO", 16, primary_key=True, comment="내원번호"),
    _char("PT_NO", 10, index=True),
    _char("VST_GB", 1, comment="O 외래 I 입원 E 응급"),
    _char("MED_YMD", 8, index=True, comment="진료일자/입원일자"),
    _char("MED_HMS", 6),
    _char("OUT_YMD", 8, comment="퇴원일자"),
    _char("DEPT_CD", 8),
    _char("DR_NO", 10, comment="주치의 사번"),
    _char("INSU_GB", 2, comment="보험유형"),
    _char("SPCL_GB", 3, comment="산정특례 구분 (원내 코드)"),
    _char("WARD_NM", 30, comment="병실"),
    _char("STAT_GB", 1, comment="R 접수 F 완료 A 재원 D 퇴원 X 취소"),
    _char("FIN_DTM", 14, comment="진료완료/퇴원 일시"),
    Column("CHG_DT", DateTime, nullable=False, index=True, comment="변경일시"),
)
DIAGNOSES: Final = Table(
    "OCDIAG",
    metadata,
    _char("VST_NO", 16, primary_key=True),
    Column("SEQ", Integer, primary_key=True),
    _char("KCD_CD", 6, comment="상병코드 (점 없음)"),
    _char("DIAG_NM", 200),
    _char("MAIN_YN", 1, comment="주상병"),
    _char("CNFM_GB", 1, comment="1 확진 2 임상적추정"),
    _char("DIAG_YMD", 8),
)
ORDERS: Final = Table(
    "OCORDT",
    metadata,
    _char("VST_NO", 16, primary_key=True),
    Column("ORD_SEQ", Integer, primary_key=True),
    _char("ORD_YMD", 8),
    _char("SUGA_CD", 9),
    Column("QTY", Numeric(9, 4)),
    Column("DAYS", Integer),
    _char("DR_NO", 10),
    _char("DC_YN", 1, comment="중단 여부"),
)
SETTLEMENTS: Final = Table(
    "SRCPTM",
    metadata,
    _char("SUNAP_NO", 16, primary_key=True, comment="수납번호"),
    _char("VST_NO", 16, index=True),
    _char("PT_NO", 10, index=True),
    _char("SUNAP_GB", 1, comment="1 예약금 2 가수납 3 계산서 4 수납 5 취소 6 재수납"),
    _char("CALC_GB", 1, comment="O 외래 E 응급 M 중간 D 퇴원"),
    _char("SUNAP_YMD", 8, index=True, comment="수납일자"),
    _char("SUNAP_HMS", 6),
    _char("MED_FR_YMD", 8),
    _char("MED_TO_YMD", 8),
    _char("DEPT_CD", 8),
    _char("DR_NO", 10),
    _char("INSU_GB", 2),
    _char("SPCL_GB", 3),
    _char("NGT_GB", 1, comment="1 야간 2 공휴"),
    _char("WARD_NM", 30),
    _char("RCPT_NO", 16, comment="영수증번호 (연월-일련번호)"),
    _char("PRT_DTM", 14, comment="환자에게 발행한 일시; 없으면 발행 전"),
    Column("REPRT_CNT", Integer, nullable=False, comment="재발급 횟수"),
    _char("ORG_SUNAP_NO", 16, index=True, comment="원수납번호"),
    _char("ORG_SUNAP_YMD", 8, comment="원수납일자"),
    _char("CNCL_GB", 1, comment="1 취소(환불) 2 재수납을 위한 취소"),
    _won("BON_AMT"),  # ① 일부본인부담 본인부담금
    _won("GONG_AMT"),  # ② 공단부담금
    _won("JUN_AMT"),  # ③ 전액본인부담
    _won("BIG_AMT"),  # ④ 비급여
    _won("OVR_AMT"),  # ⑤ 상한액 초과금
    _won("TOT_AMT"),  # ⑥ 진료비 총액
    _won("GONGT_AMT"),  # ⑦ 공단부담 총액
    _won("PAT_AMT"),  # ⑧ 환자부담 총액
    _won("PRE_AMT"),  # ⑨ 이미 납부한 금액
    _won("DUE_AMT"),  # ⑩ 납부할 금액
    _won("CARD_AMT"),  # ⑪ 카드
    _won("CSHR_AMT"),  # ⑪ 현금영수증
    _won("CASH_AMT"),  # ⑪ 현금
    Column("CUT_UNIT", Integer, nullable=False, comment="끝처리 단위 (원)"),
    _won("CUT_AMT"),  # 본인부담금 끝처리 조정금액 (<= 0)
    _char("HIPASS_YN", 1, comment="하이패스 (저녁 일괄 승인)"),
    _char("CLS_YN", 1, comment="일마감 여부"),
    Column("CHG_DT", DateTime, nullable=False, index=True, comment="변경일시"),
)
SETTLEMENT_ROWS: Final = Table(
    "SRCPTH",
    metadata,
    _char("SUNAP_NO", 16, primary_key=True),
    _char("HANG_CD", 2, primary_key=True, comment="진료비 항목 (원내 번호)"),
    _won("BON_AMT"),
    _won("GONG_AMT"),
    _won("JUN_AMT"),
    _won("BIG_AMT"),
)
SETTLEMENT_ITEMS: Final = Table(
    "SRCPTD",
    metadata,
    _char("SUNAP_NO", 16, primary_key=True),
    Column("SEQ", Integer, primary_key=True),
    _char("HANG_CD", 2),
    _char("ORD_YMD", 8),
    _char("SUGA_CD", 9),
    _char("SUGA_GB", 1, comment="코드구분 1 수가 3 약가 9 원내"),
    _char("SUGA_NM", 100),
    _char("GUB", 1, comment="급여구분 1 일부본인 2 전액본인 3 비급여"),
    _won("PRICE"),
    Column("QTY", Numeric(9, 4), comment="횟수"),
    Column("DAYS", Integer, comment="일수"),
    _won("AMT"),
    _won("BON_AMT"),
    _won("GONG_AMT"),
    _won("JUN_AMT"),
    _won("BIG_AMT"),
)
DAY_CLOSES: Final = Table(
    "SCLOSM",
    metadata,
    _char("CLS_YMD", 8, primary_key=True, comment="일마감 일자"),
    Column("CLS_DT", DateTime, nullable=False),
    Column("CNT", Integer, nullable=False),
    _won("AMT"),
)

MERGES: Final = Table(
    "PMERGM",
    metadata,
    _char("OLD_PT_NO", 10, primary_key=True, comment="없어진 환자등록번호"),
    _char("NEW_PT_NO", 10, comment="통합된 환자등록번호"),
    _char("MRG_DTM", 14),
)
REQUESTS: Final = Table(
    "PREQM",
    metadata,
    _char("REQ_ID", 36, primary_key=True, comment="신규등록 요청번호"),
    _char("PT_NO", 10, comment="그 요청으로 발급한 환자등록번호"),
)
SESSIONS: Final = Table(
    "RSCHDM",
    metadata,
    _char("SCH_NO", 24, primary_key=True, comment="진료일정번호"),
    _char("SCH_YMD", 8, index=True),
    _char("ST_HM", 4),
    _char("ED_HM", 4),
    _char("DEPT_CD", 8),
    _char("DR_NO", 10),
    _char("STAT_GB", 1, comment="O 진료 X 휴진"),
)
SLOTS: Final = Table(
    "RSLOTD",
    metadata,
    _char("SCH_NO", 24, primary_key=True),
    _char("SLOT_HM", 4, primary_key=True, comment="예약시각"),
    Column("CAP_CNT", Integer, nullable=False, comment="정원"),
)
APPOINTMENTS: Final = Table(
    "RRSVTM",
    metadata,
    _char("RSV_NO", 24, primary_key=True, comment="예약번호"),
    _char("PT_NO", 10, index=True),
    _char("SCH_NO", 24, index=True),
    _char("SLOT_HM", 4),
    _char("STAT_GB", 1, comment="R 예약 A 도착 F 진료완료 C 취소 N 부도"),
    _char("PREP_TXT", 400, comment="준비사항"),
)
RESULTS: Final = Table(
    "LRSLTM",
    metadata,
    _char("RSLT_NO", 24, primary_key=True, comment="검사결과번호"),
    _char("PT_NO", 10, index=True),
    _char("VST_NO", 16),
    _char("TEST_CD", 9),
    _char("TEST_NM", 100),
    _char("COLL_YMD", 8, index=True),
    _char("COLL_HMS", 6, comment="검체채취 시각"),
    _char("REL_DTM", 14, comment="환자 공개일시; 없으면 공개하지 않음"),
    _char("REL_GB", 1, comment="1 즉시 2 진료 후 3 의사 확인 후"),
)
RESULT_VALUES: Final = Table(
    "LRSLTD",
    metadata,
    _char("RSLT_NO", 24, primary_key=True),
    Column("SEQ", Integer, primary_key=True),
    _char("ITEM_CD", 20),
    _char("ITEM_NM", 100),
    _char("RSLT_VAL", 400),
    _char("UNIT_NM", 20),
    _char("REF_TXT", 100, comment="참고치"),
    _char("FLAG_CD", 2, comment="N L H LL HH A"),
)

STAMPED: Final = frozenset({VISITS.name, SETTLEMENTS.name})
"""Tables whose last column CHG_DT the writer fills with the moment of writing."""
