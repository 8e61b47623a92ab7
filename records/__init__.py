"""What a medical document is: kinds and fields, credential (SD-JWT VC), FHIR mapping.

Knows no chain, no web page and no database. Three ways in:

* `records.kinds.parse`: raw data becomes a typed record, or every problem is named;
* `records.credential`: `issue`, `present`, `verify`;
* `records.fhir`: `to_fhir`, `from_fhir`.

A new kind is a file in `kinds/`, an entry in `kinds/__init__.py`, a table in `fhir/`, a sample, and its
terms in docs/glossary.md; the tests fail until each is there.
"""
