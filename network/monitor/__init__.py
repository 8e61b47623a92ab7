"""The control room: alerts become SNMP notifications and syslog lines, and each day's check a signed record.

Invariants: what was taken in is on disk before the answer, so a restart loses nothing · each alert is told once when
it begins, once when it ends, and again now and then while it lasts · only labels of a fixed list go out, so no message
can name a person · when nobody watches any more, that is an alert too.
"""
