"""SD-JWT (RFC 9901): selective disclosure for JWTs, as a layer of its own that knows nothing of medicine.

`issue` builds and signs, `verify` follows section 7.1 to the letter and refuses what it lists, `keybinding`
adds the holder's proof. The profile of this project (which claims, which key, which kinds) is
`records.credential`.
"""
