"""What a medical document is: kinds and fields, credential (SD-JWT VC), FHIR mapping.

Knows no chain, no web page and no database. See docs/architecture.md.
"""
