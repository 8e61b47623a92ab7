"""Read-only views for the relay server, as a hospital's database administrator would offer them.

Each head view exists twice: ``V_SGM_…`` with the change stamp CHG_DT, and ``V_SGM_…_NS`` without, which is what
many hospitals have. The names are the hospital's; `oracle/his/sql/mapping.yaml` says what they mean.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

_SUNAP: Final = """
SELECT s."SUNAP_NO", s."VST_NO", s."PT_NO", p."PT_NM", p."BRTH_YMD", p."SEX_GB", s."SUNAP_GB", s."CALC_GB",
       s."SUNAP_YMD", s."SUNAP_YMD" || s."SUNAP_HMS" AS "SUNAP_DTM", s."PRT_DTM", s."RCPT_NO", s."REPRT_CNT",
       s."ORG_SUNAP_NO", s."ORG_SUNAP_YMD", s."CNCL_GB", s."MED_FR_YMD", s."MED_TO_YMD", v."MED_YMD",
       s."DEPT_CD", d."DEPT_NM", d."HIRA_CD", s."INSU_GB", s."NGT_GB", s."WARD_NM",
       s."BON_AMT", s."GONG_AMT", s."JUN_AMT", s."BIG_AMT", s."OVR_AMT", s."TOT_AMT", s."GONGT_AMT",
       s."PAT_AMT", s."PRE_AMT", s."DUE_AMT", s."CARD_AMT", s."CSHR_AMT", s."CASH_AMT",
       s."CUT_UNIT", s."CUT_AMT" AS "CUT_BON_AMT", 0 - s."CUT_AMT" AS "CUT_GONG_AMT"{stamp}
  FROM "SRCPTM" s
  LEFT JOIN "PPTNTM" p ON p."PT_NO" = s."PT_NO"
  LEFT JOIN "OVSITM" v ON v."VST_NO" = s."VST_NO"
  LEFT JOIN "CDEPTM" d ON d."DEPT_CD" = s."DEPT_CD"
"""
_NAEWON: Final = """
SELECT v."VST_NO", v."PT_NO", p."PT_NM", p."BRTH_YMD", p."SEX_GB", v."VST_GB",
       v."MED_YMD" || v."MED_HMS" AS "MED_DTM", v."OUT_YMD", v."DEPT_CD", d."DEPT_NM", d."HIRA_CD",
       v."DR_NO", u."EMP_NM", u."LCNS_NO", v."INSU_GB", v."STAT_GB",
       CASE WHEN v."STAT_GB" = 'A' THEN '99991231' ELSE COALESCE(v."OUT_YMD", v."MED_YMD") END AS "BASE_YMD"{stamp}
  FROM "OVSITM" v
  LEFT JOIN "PPTNTM" p ON p."PT_NO" = v."PT_NO"
  LEFT JOIN "CDEPTM" d ON d."DEPT_CD" = v."DEPT_CD"
  LEFT JOIN "HUSERM" u ON u."EMP_NO" = v."DR_NO"
"""
_SANGBYEONG: Final = """
SELECT "VST_NO", "SEQ", "KCD_CD", "DIAG_NM", "MAIN_YN", "CNFM_GB" FROM "OCDIAG"
"""
_HANG: Final = """
SELECT "SUNAP_NO", "HANG_CD", "BON_AMT", "GONG_AMT", "JUN_AMT", "BIG_AMT" FROM "SRCPTH"
"""
_SEBU: Final = """
SELECT "SUNAP_NO", "SEQ", "HANG_CD", "ORD_YMD", "SUGA_CD", "SUGA_GB", "SUGA_NM", "GUB", "PRICE", "QTY", "DAYS",
       "AMT", "BON_AMT", "GONG_AMT", "JUN_AMT", "BIG_AMT" FROM "SRCPTD"
"""
_HWANJA: Final = """
SELECT "PT_NO", "PT_NM", "BRTH_YMD", "SEX_GB" FROM "PPTNTM"
"""

VIEWS: Final = {
    "V_SGM_SUNAP": _SUNAP.format(stamp=', s."CHG_DT"'),
    "V_SGM_SUNAP_NS": _SUNAP.format(stamp=""),
    "V_SGM_NAEWON": _NAEWON.format(stamp=', v."CHG_DT"'),
    "V_SGM_NAEWON_NS": _NAEWON.format(stamp=""),
    "V_SGM_SANGBYEONG": _SANGBYEONG,
    "V_SGM_SUNAP_HANG": _HANG,
    "V_SGM_SUNAP_SEBU": _SEBU,
    "V_SGM_HWANJA": _HWANJA,
}

READER: Final = "saegim_reader"
"""On PostgreSQL, the role that has SELECT on the views and nothing else."""


def create_views(connection: Connection) -> None:
    """Make the views that are not there yet, and on PostgreSQL the role that may read them."""
    replace = "OR REPLACE" if connection.dialect.name == "postgresql" else ""
    exists = "" if replace else "IF NOT EXISTS"
    for name, query in VIEWS.items():
        connection.execute(text(f'CREATE {replace} VIEW {exists} "{name}" AS {query}'))
    if connection.dialect.name == "postgresql":
        _grant(connection)


def _grant(connection: Connection) -> None:
    known = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": READER}
    ).scalar()
    if not known:
        connection.execute(text(f'CREATE ROLE "{READER}" LOGIN'))
    names = ", ".join(f'"{name}"' for name in VIEWS)
    connection.execute(text(f'GRANT SELECT ON {names} TO "{READER}"'))
