"""Outside parties. For each a *port* (a protocol in our own words), adapters, and a null one that warns when built.

What holds for every port in here:

* An adapter speaks to one party over real HTTP through `http.ProviderHttp`: time-outs, answers cut off at a size, no
  redirects, retries with jitter only where the request may be repeated and only on listed answers, and a circuit that
  opens after repeated failures.
* It ends in a result of the port's own types or in one of three errors (`errors`): the party cannot be reached and
  nothing was done; the party says no, with its code; or nobody knows whether it was done, and it must be asked again.
* No error, log line or representation carries a value of a person; such fields are left out of ``repr``.
* The stand-ins in ``sandbox/`` speak the same protocols and share no code with the adapters.

`build` chooses the adapters from the settings.
"""

from __future__ import annotations
