// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyPurpose} from "../Common.sol";

/// @title The institutions' document keys (P-256)
/// @notice Keys that sign documents (ES256) or that others encrypt to. A key's name, `kid`, is its RFC 7638 thumbprint:
/// the contract computes it, so a name cannot be given to another key. A key belongs to one institution for ever.
/// Whether a document's key counted is asked at the block time of the document's *anchor*:
/// `validFrom <= anchor < validUntil`, and before `compromisedSince` if that is not 0.
///
/// Both purposes prove possession the same way, by one ECDSA signature over a statement that nothing else can be. For
/// Encrypt keys that is the one exception to "one key, one use" which NIST SP 800-57 part 1 (5.2) grants for
/// registration; a voucher by the Sign key would show who asks, not who holds the private key.
interface IDocumentKeys {
    /// @notice One document key; fits one storage slot.
    struct DocKey {
        uint32 institution; // whose it is, for ever
        KeyPurpose purpose;
        uint40 validFrom; // never before the block that registered it
        uint40 validUntil; // first moment at which it no longer counts
        uint40 compromisedSince; // 0 never declared
        uint40 declaredAt; // block time of the latest declaration of compromise
    }

    /// @notice The key as it now stands; repeated at each change.
    event KeySet(
        uint32 indexed institution,
        bytes32 indexed kid,
        KeyPurpose purpose,
        bytes32 x,
        bytes32 y,
        uint40 validFrom,
        uint40 validUntil,
        uint40 compromisedSince
    );
    /// @notice The key may be in other hands since `since`. `reason` is a code of the operations handbook, 255 for a
    /// date decided by vote; never text.
    event KeyCompromised(uint32 indexed institution, bytes32 indexed kid, uint40 since, uint8 reason);

    /// @notice The key is institution `by`'s, for ever. A key is registered once.
    error KeyTaken(bytes32 kid, uint32 by);
    /// @notice No such key.
    error UnknownKey(bytes32 kid);
    /// @notice The point is not on P-256 (or is zero).
    error NotOnCurve(bytes32 x, bytes32 y);
    /// @notice The point's RFC 7638 thumbprint is `computed`.
    error WrongThumbprint(bytes32 kid, bytes32 computed);
    /// @notice `KeyPurpose.None` is not a purpose.
    error InvalidPurpose();
    /// @notice A key's end lies after its beginning and after now; `endKey` only shortens.
    error InvalidPeriod(uint40 validFrom, uint40 validUntil);
    /// @notice The signature does not show that the caller's institution holds the private key of `kid`.
    error PossessionNotProven(bytes32 kid);
    /// @notice Only an ADMIN of institution `owner` may do this.
    error NotKeyOwner(bytes32 kid, uint32 owner, uint32 caller);

    /// @notice Registers a key for the caller's institution.
    /// @param kid RFC 7638 thumbprint of the key (SHA-256 over {"crv":"P-256","kty":"EC","x":…,"y":…})
    /// @param x affine coordinate, big endian
    /// @param y affine coordinate, big endian
    /// @param validFrom beginning; one that is already past counts as this block, so nothing is vouched for backwards
    /// @param validUntil end, not included
    /// @param popR r of the proof of possession
    /// @param popS s of the proof of possession, at most half the group order
    /// @dev Caller: ADMIN of an Active institution. The proof is an ES256 signature (ECDSA P-256 over SHA-256) whose
    /// message is the 32-byte EIP-712 digest of `KeyPossession(uint32 institution,bytes32 kid,uint8 purpose,
    /// uint40 validFrom,uint40 validUntil)` with the values as given here. Emits KeySet. Reverts with InvalidPurpose,
    /// InvalidPeriod, NotOnCurve, WrongThumbprint, KeyTaken, PossessionNotProven.
    function addKey(
        bytes32 kid,
        bytes32 x,
        bytes32 y,
        KeyPurpose purpose,
        uint40 validFrom,
        uint40 validUntil,
        bytes32 popR,
        bytes32 popS
    ) external;

    /// @notice Ends a key earlier than planned; a `validUntil` that is already past counts as this block, so that what
    /// was anchored under it stays valid.
    /// @dev Caller: ADMIN of the key's institution, in any standing. Emits KeySet. Reverts with UnknownKey,
    /// NotKeyOwner, InvalidPeriod (the key ends by then anyway).
    function endKey(bytes32 kid, uint40 validUntil) external;

    /// @notice Declares that the key may be in other hands since `since`: what was anchored from then on is not trusted
    /// unless reaffirmed under a new key.
    /// @dev Caller: ADMIN of the key's institution, in any standing. At most 30 days back; once; earlier is for a vote
    /// (BackdateCompromise). Emits KeySet and KeyCompromised. Reverts with UnknownKey, NotKeyOwner, CompromiseInFuture,
    /// CompromiseTooEarly, CompromiseDeclared.
    function compromiseKey(bytes32 kid, uint40 since, uint8 reason) external;

    /// @notice The record of a key; all zero for one that was never registered.
    function key(bytes32 kid) external view returns (DocKey memory);

    /// @notice The public point of a key; zero for one that was never registered.
    function publicKey(bytes32 kid) external view returns (bytes32 x, bytes32 y);

    /// @notice Every key the institution ever registered, oldest first.
    function keysOf(uint32 index) external view returns (bytes32[] memory);
}
