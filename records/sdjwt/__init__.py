"""SD-JWT (RFC 9901): selective disclosure for JWTs, as a layer of its own that knows nothing of medicine.

`disclosures` makes and reads salted disclosures, `unpack` puts them in their places by section 7.1, `token`
verifies a whole presentation, `keybinding` adds and checks the holder's proof; `jose` and `keys` are the
primitives, `errors` names every reason of refusal. The profile of this project (which claims, which key,
which kinds) is `records.credential`.
"""
