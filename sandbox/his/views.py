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
_TONGHAP: Final = """
SELECT "OLD_PT_NO", "NEW_PT_NO", "MRG_DTM" FROM "PMERGM"
"""
_ILJEONG: Final = """
SELECT s."SCH_NO", s."SCH_YMD", s."SCH_YMD" || s."ST_HM" || '00' AS "ST_DTM",
       s."SCH_YMD" || s."ED_HM" || '00' AS "ED_DTM", s."DEPT_CD", d."DEPT_NM", s."DR_NO", u."EMP_NM", s."STAT_GB",
       (SELECT COALESCE(SUM(c."CAP_CNT"), 0) FROM "RSLOTD" c WHERE c."SCH_NO" = s."SCH_NO") AS "TOT_CNT"
  FROM "RSCHDM" s
  LEFT JOIN "CDEPTM" d ON d."DEPT_CD" = s."DEPT_CD"
  LEFT JOIN "HUSERM" u ON u."EMP_NO" = s."DR_NO"
"""
_ILJEONG_SLOT: Final = """
SELECT c."SCH_NO", s."SCH_YMD" || c."SLOT_HM" || '00' AS "SLOT_DTM",
       c."CAP_CNT" - (SELECT COUNT(*) FROM "RRSVTM" r WHERE r."SCH_NO" = c."SCH_NO" AND r."SLOT_HM" = c."SLOT_HM"
                         AND r."STAT_GB" <> 'C') AS "FREE_CNT"
  FROM "RSLOTD" c JOIN "RSCHDM" s ON s."SCH_NO" = c."SCH_NO"
"""
_YEYAK: Final = """
SELECT r."RSV_NO", r."PT_NO", r."SCH_NO", s."SCH_YMD", s."SCH_YMD" || r."SLOT_HM" || '00' AS "RSV_DTM", s."DEPT_CD",
       d."DEPT_NM", s."DR_NO", u."EMP_NM", r."STAT_GB", r."PREP_TXT"
  FROM "RRSVTM" r
  JOIN "RSCHDM" s ON s."SCH_NO" = r."SCH_NO"
  LEFT JOIN "CDEPTM" d ON d."DEPT_CD" = s."DEPT_CD"
  LEFT JOIN "HUSERM" u ON u."EMP_NO" = s."DR_NO"
"""
_GYEOLGWA: Final = """
SELECT "RSLT_NO", "PT_NO", "VST_NO", "TEST_CD", "TEST_NM", "COLL_YMD", "COLL_YMD" || "COLL_HMS" AS "COLL_DTM",
       "REL_DTM", "REL_GB" FROM "LRSLTM" WHERE "REL_DTM" IS NOT NULL
"""
_GYEOLGWA_HANG: Final = """
SELECT v."RSLT_NO", v."SEQ", v."ITEM_CD", v."ITEM_NM", v."RSLT_VAL", v."UNIT_NM", v."REF_TXT", v."FLAG_CD"
  FROM "LRSLTD" v JOIN "LRSLTM" r ON r."RSLT_NO" = v."RSLT_NO" WHERE r."REL_DTM" IS NOT NULL
"""
_CHEONGGU: Final = """
SELECT s."VST_NO" || '-' || s."CALC_GB" AS "BILL_NO", s."SUNAP_NO", s."VST_NO", s."PT_NO", s."MED_FR_YMD",
       s."SUNAP_YMD" || s."SUNAP_HMS" AS "SUNAP_DTM", s."DEPT_CD", d."DEPT_NM", s."BON_AMT", s."GONG_AMT",
       s."JUN_AMT", s."BIG_AMT", s."TOT_AMT", s."PAT_AMT", s."PRE_AMT", s."DUE_AMT",
       s."CARD_AMT" + s."CSHR_AMT" + s."CASH_AMT" AS "PAID_AMT",
       CASE WHEN EXISTS (SELECT 1 FROM "SRCPTM" m WHERE m."ORG_SUNAP_NO" = s."SUNAP_NO" AND m."SUNAP_GB" = '5'
                            AND m."CNCL_GB" = '1') THEN 'C'
            WHEN EXISTS (SELECT 1 FROM "SRCPTM" m WHERE m."ORG_SUNAP_NO" = s."SUNAP_NO" AND m."SUNAP_GB" = '5')
            THEN 'W'
            WHEN s."SUNAP_GB" = '3' AND s."PRT_DTM" IS NULL THEN 'W' WHEN s."SUNAP_GB" = '3' THEN 'O'
            WHEN s."CARD_AMT" + s."CSHR_AMT" + s."CASH_AMT" < s."DUE_AMT" AND s."HIPASS_YN" <> 'Y' THEN 'O'
            ELSE 'S' END AS "BILL_GB"
  FROM "SRCPTM" s
  LEFT JOIN "CDEPTM" d ON d."DEPT_CD" = s."DEPT_CD"
 WHERE s."SUNAP_GB" IN ('3', '4', '6')
   AND NOT EXISTS (SELECT 1 FROM "SRCPTM" n WHERE n."VST_NO" = s."VST_NO" AND n."CALC_GB" = s."CALC_GB"
                      AND n."SUNAP_GB" IN ('3', '4', '6')
                      AND n."SUNAP_YMD" || n."SUNAP_HMS" || n."SUNAP_NO"
                          > s."SUNAP_YMD" || s."SUNAP_HMS" || s."SUNAP_NO")
"""
"""An account of a visit (외래, 응급, 중간, 퇴원) as it now stands: the last act counts. BILL_GB: O to be paid, S
settled, C cancelled, W being changed (a draft, or a mirror whose new settlement is still to come)."""

VIEWS: Final = {
    "V_SGM_SUNAP": _SUNAP.format(stamp=', s."CHG_DT"'),
    "V_SGM_SUNAP_NS": _SUNAP.format(stamp=""),
    "V_SGM_NAEWON": _NAEWON.format(stamp=', v."CHG_DT"'),
    "V_SGM_NAEWON_NS": _NAEWON.format(stamp=""),
    "V_SGM_SANGBYEONG": _SANGBYEONG,
    "V_SGM_SUNAP_HANG": _HANG,
    "V_SGM_SUNAP_SEBU": _SEBU,
    "V_SGM_HWANJA": _HWANJA,
    "V_SGM_TONGHAP": _TONGHAP,
    "V_SGM_ILJEONG": _ILJEONG,
    "V_SGM_ILJEONG_SLOT": _ILJEONG_SLOT,
    "V_SGM_YEYAK": _YEYAK,
    "V_SGM_GYEOLGWA": _GYEOLGWA,
    "V_SGM_GYEOLGWA_HANG": _GYEOLGWA_HANG,
    "V_SGM_CHEONGGU": _CHEONGGU,
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
