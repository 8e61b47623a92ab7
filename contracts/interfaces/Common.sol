// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Vocabulary shared by every Saegim contract
/// @notice Kinds, standings, purposes, roles and the errors that more than one contract raises. Times are seconds
/// since 1970 in `uint40`, always block time; institutions are a `uint32` index that starts at 1.

/// @notice What an institution is. `None` marks an index that was never given.
enum Kind {
    None,
    Hospital,
    Pharmacy,
    Insurer,
    CertificateReceiver,
    Association,
    City
}

/// @notice Whether an institution may act, and what its documents are worth.
/// - Active: acts.
/// - Suspended: no new acts; old documents stay valid, with a note.
/// - Retired: left in good order; old documents stay valid and its `successor` may mark them.
/// - Expelled: documents anchored from `doubtSince` on are not trusted.
enum Standing {
    None,
    Active,
    Suspended,
    Retired,
    Expelled
}

/// @notice What a document key (P-256) is for: ES256 signatures, or ECDH encryption to the institution.
enum KeyPurpose {
    None,
    Sign,
    Encrypt
}

/// @dev Votes, keys and operators of the institution; kept offline.
uint16 constant ROLE_ADMIN = 1;
/// @dev Anchors batches of documents.
uint16 constant ROLE_ANCHOR = 2;
/// @dev Marks documents: amend, withdraw, reaffirm.
uint16 constant ROLE_STATUS = 4;
/// @dev Sends and acknowledges transfers.
uint16 constant ROLE_TRANSFER = 8;
/// @dev Issues prescriptions.
uint16 constant ROLE_PRESCRIBE = 16;
/// @dev Accepts and dispenses prescriptions.
uint16 constant ROLE_DISPENSE = 32;
/// @dev Attests consent keys, lodges and decides claims.
uint16 constant ROLE_CONSENT = 64;
/// @dev Refers patients and answers referrals.
uint16 constant ROLE_REFER = 128;
/// @dev Every role together.
uint16 constant ROLES_ALL = 255;

/// @notice `account` is no operator, or is one without `role`, or is of an institution that may not do this.
error NotAuthorized(address account, uint16 role);
/// @notice The institution would have to be Active.
error InstitutionNotActive(uint32 institution, Standing found);
/// @notice The signature is not by the account that was to sign. `recovered` is who did sign these fields, or zero
/// when the bytes are no signature at all.
error BadSignature(address recovered);
/// @notice The last moment for this was `deadline`.
error DeadlinePassed(uint40 deadline);
/// @notice A deadline this far in the future is not accepted.
error DeadlineTooFar(uint40 deadline);
