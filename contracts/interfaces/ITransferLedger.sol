// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstitutionRegistry} from "./IInstitutionRegistry.sol";

/// @title The ledger of transfers: who sent a package to whom, and whether the receiver opened that very package
/// @notice The package itself travels elsewhere, encrypted to the receiver. Inside it lies a random `macKey`, and the
/// *message authentication code* is `mac = HMAC-SHA-256(macKey, transferId ‖ sender ‖ receiver ‖ sha256(content))`.
///
/// The sender commits to `keccak256(mac)` and to the ciphertext's SHA-256. The receiver opens the package, computes
/// the MAC and reveals it; the contract compares. A MAC cannot be copied from the chain before it is revealed, so an
/// acknowledgement shows that the receiver opened the package and found in it what the sender committed to. One that
/// differs raises a dispute that both sides and all others see; the ciphertext's hash then settles whose package it
/// was.
///
/// ```
/// None ──send──▶ Sent ──acknowledge──▶ Acknowledged   (MAC equal)
///                  │  └──acknowledge──▶ Disputed       (MAC differs)
///                  └─────reject───────▶ Rejected
/// ```
/// An answer is final. To try again the sender sends anew under another id.
/// @dev Who sender and receiver are always follows from the calling operator (`IInstitutionRegistry.authorize`, role
/// TRANSFER). All times are block times in seconds. A refused call changes nothing. Errors of `authorize`
/// (see IOperators: `NotAuthorized`, `InstitutionNotActive` and others) come through from every function that writes.
///
/// Ids are random. Another member that copies a waiting `send` is on record as its sender; the package and the MAC
/// name the true one, so the copy deceives nobody, and the true sender sends under a new id.
interface ITransferLedger {
    // ------------------------------------------------------------------------------------------------ vocabulary

    /// @notice Where a transfer stands. `None`: no such transfer.
    enum State {
        None,
        Sent,
        Acknowledged,
        Disputed,
        Rejected
    }

    /// @notice Why a receiver rejected a package. Stored as a number, never as text, and telling nothing about health.
    /// - `NotReceived`: the package never arrived, or does not match the ciphertext's hash.
    /// - `Undecryptable`: it is not encrypted to a key of the receiver.
    /// - `BadSignature`: its signature is not by a key of the sender.
    /// - `Malformed`: it opens, but its content cannot be read.
    /// - `NotForUs`: it names another receiver, sender or transfer.
    /// - `NoConsent`: no consent and no duty of law covers it.
    /// - `Duplicate`: the receiver has the same content from another transfer.
    enum RejectReason {
        None,
        NotReceived,
        Undecryptable,
        BadSignature,
        Malformed,
        NotForUs,
        NoConsent,
        Duplicate
    }

    /// @notice One transfer: three storage slots.
    /// @param state where it stands
    /// @param sender institution that sent it
    /// @param receiver institution it is for
    /// @param sentAt when it was sent
    /// @param answeredAt when the receiver answered; 0 while `Sent`
    /// @param reason a `RejectReason` if `Rejected`, else 0
    /// @param macCommit `keccak256(mac)`
    /// @param cipherHash SHA-256 of the ciphertext
    struct Transfer {
        State state;
        uint32 sender;
        uint32 receiver;
        uint40 sentAt;
        uint40 answeredAt;
        uint8 reason;
        bytes32 macCommit;
        bytes32 cipherHash;
    }

    // ---------------------------------------------------------------------------------------------------- events

    /// @notice `sender` sent a package to `receiver`. Its time is the block's.
    event Sent(
        bytes32 indexed transferId,
        uint32 indexed sender,
        uint32 indexed receiver,
        bytes32 macCommit,
        bytes32 cipherHash
    );

    /// @notice The receiver opened the package: it revealed the MAC that the sender committed to.
    event Acknowledged(bytes32 indexed transferId);

    /// @notice The receiver revealed another MAC than the sender committed to. Both sides look into it.
    event Disputed(bytes32 indexed transferId, bytes32 macReceived);

    /// @notice The receiver did not take the package. `reason`: a `RejectReason`.
    event Rejected(bytes32 indexed transferId, uint8 reason);

    // ---------------------------------------------------------------------------------------------------- errors

    /// @notice The id is in use. For a sender that lost an answer this is success if the transfer is its own; if
    /// not, take a new random id.
    error TransferExists(bytes32 id);

    /// @notice The id or one of the two commitments is zero.
    error EmptyCommitment(bytes32 id);

    /// @notice The caller's institution is not the receiver of this transfer.
    error NotReceiver(bytes32 id, uint32 caller);

    /// @notice The transfer is in a state in which this cannot be done; `None` if there is no such transfer.
    error WrongState(bytes32 id, State found);

    /// @notice The number is none of `RejectReason`, or is its `None`.
    error UnknownReason(uint8 reason);

    /// @notice A list is empty or has more than `most` entries. Split it.
    error ListLength(uint256 found, uint256 most);

    /// @notice The four lists differ in length.
    error ListsDiffer(uint256 ids, uint256 receivers, uint256 macCommits, uint256 cipherHashes);

    // ------------------------------------------------------------------------------------------------------ acts

    /// @notice Records that the caller's institution sends a package. An institution may send to itself: a patient's
    /// message comes to the hospital through the hospital's own server.
    /// @dev Caller: an operator with TRANSFER. Emits `Sent`. Reverts with `EmptyCommitment`, `TransferExists`;
    /// for the receiver with `UnknownInstitution`, `InstitutionNotActive`, `NotYetActive` (see IMembership).
    /// @param transferId random, never used before
    /// @param receiver institution the package is for
    /// @param macCommit `keccak256(mac)`, not zero
    /// @param cipherHash SHA-256 of the ciphertext, not zero
    function send(bytes32 transferId, uint32 receiver, bytes32 macCommit, bytes32 cipherHash) external;

    /// @notice Records several packages in one transaction, each as `send` would: all of them or none.
    /// @dev Caller: an operator with TRANSFER. Emits `Sent` for each. Reverts with `ListsDiffer`, `ListLength`, or as
    /// `send` does for the first that it refuses.
    /// @param ids 1 to `maxBatch` transfer ids
    /// @param receivers for each id its receiver
    /// @param macCommits for each id its `macCommit`
    /// @param cipherHashes for each id its `cipherHash`
    function sendMany(
        bytes32[] calldata ids,
        uint32[] calldata receivers,
        bytes32[] calldata macCommits,
        bytes32[] calldata cipherHashes
    ) external;

    /// @notice Reveals the MAC that the receiver computed. `Acknowledged` if its hash is the one committed to, else
    /// `Disputed`; a dispute is not an error and is kept.
    /// @dev Caller: an operator with TRANSFER of the receiver. Emits `Acknowledged` or `Disputed`. Reverts with
    /// `WrongState` if there is no such transfer, `NotReceiver`, `WrongState` if it is answered already.
    /// @param transferId the transfer
    /// @param mac the MAC computed from the opened package
    function acknowledge(bytes32 transferId, bytes32 mac) external;

    /// @notice Says that the receiver does not take the package, and why.
    /// @dev Caller: an operator with TRANSFER of the receiver. Emits `Rejected`. Reverts with `WrongState` if there is
    /// no such transfer, `NotReceiver`, `WrongState` if it is answered already, `UnknownReason`.
    /// @param transferId the transfer
    /// @param reason a `RejectReason` other than `None`
    function reject(bytes32 transferId, uint8 reason) external;

    // ----------------------------------------------------------------------------------------------------- views

    /// @notice A transfer; all zero if there is none.
    function transfer(bytes32 transferId) external view returns (Transfer memory);

    /// @notice Most entries in one `sendMany`.
    function maxBatch() external view returns (uint16);

    /// @notice The registry that says who may act. It never changes.
    function registry() external view returns (IInstitutionRegistry);
}
