"""The ``webservice`` adapter: reads a vendor's REST or SOAP service, and writes nothing.

The vendor's operations, the paging and the columns are in a mapping file (`mapping.rest.yaml` and
`mapping.soap.yaml` are the sandbox's). Lists are followed in rounds that overlap (`rounds`); answers are bounded in
time, size, depth and number of values (`client`, `bodies`).
"""

from __future__ import annotations

from oracle.his.webservice.adapter import WebServiceAdapter
from oracle.his.webservice.client import Limits
from oracle.his.webservice.mapping import WebMapping

__all__ = ["Limits", "WebMapping", "WebServiceAdapter"]
