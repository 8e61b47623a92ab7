"""Machines of the hospital at the door: kiosks, desks and boards, each with a key of its own.

Staff make a pairing code for one place; the machine makes its own key and gives its public part with the code. From
then on every request carries a proof signed with that key, for this one request (in the manner of RFC 9449). The
device's side is `kiosk/`; docs/devices.md tells the whole way.

Invariants: a code is good once, for ten minutes, for one hospital and one kind, and a few wrong tries end it; a key
that was ever paired is never paired again; a proof is good once, for one method, address and body; a revoked device is
refused from the next request on. Nothing goes on chain.
"""
