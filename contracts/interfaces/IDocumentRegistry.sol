// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstitutionRegistry} from "./IInstitutionRegistry.sol";

/// @title The register of documents: which institution anchored which batch, and what became of each document
/// @notice A *batch* is the root of a Merkle tree over documents; a *document* is a leaf of it. Nothing here says
/// what a document holds or whom it concerns: a leaf is `keccak256(keccak256(abi.encode(digest)))` where `digest` is
/// the SHA-256 of the issuer-signed credential, whose salts make it unguessable.
///
/// The tree is OpenZeppelin's standard Merkle tree (sorted pairs, keccak-256, double-hashed leaves), filled up with
/// random leaves to a power of two, so every path of a batch has exactly `depth` steps and the size tells little.
///
/// Batches are kept by (issuer, root) and marks by (issuer, leaf):
/// - no institution can occupy another's root, whatever it copies from the pool of waiting transactions;
/// - a document that stands in several batches and is withdrawn in one is withdrawn in all.
///
/// States of a document:
/// ```
/// None ──anchor──▶ Active ──amend──▶ Superseded          (for ever)
///                    │  ▲
///           withdraw ▼  │ annul, by ADMIN, within 30 days
///                  Withdrawn
/// ```
/// @dev Who the issuer is always follows from the calling operator (`IInstitutionRegistry.authorize`). All times are
/// block times in seconds. A refused call changes nothing. Errors of `authorize` (see
/// IOperators: `NotAuthorized`, `InstitutionNotActive` and others) come through from every function that writes.
interface IDocumentRegistry {
    // ------------------------------------------------------------------------------------------------ vocabulary

    /// @notice What a document is at the moment. `None`: this issuer anchored no such document under that root.
    enum State {
        None,
        Active,
        Superseded,
        Withdrawn
    }

    /// @notice Why a document was replaced. Stored as a number, never as text, and telling nothing about health.
    /// - `Corrected`: its content was wrong (오기 정정).
    /// - `Resettled`: an insurance or order change made the amounts different (재정산).
    /// - `Finalised`: an interim document became final (중간 → 퇴원, 가수납 → 수납).
    /// - `Reissued`: the same content under a new key or a new version of the format (재발급).
    /// - `Ordered`: a court or an authority ordered the change.
    enum AmendReason {
        None,
        Corrected,
        Resettled,
        Finalised,
        Reissued,
        Ordered
    }

    /// @notice Why a document was withdrawn. Stored as a number, never as text, and telling nothing about health.
    /// - `Cancelled`: what it documents was undone (수납 취소, 진료 취소).
    /// - `IssuedInError`: it should never have been issued, and nothing replaces it.
    /// - `Misdirected`: it was issued to or for the wrong person.
    /// - `Duplicate`: another valid document says the same.
    /// - `KeyCompromised`: its signature can no longer be relied on.
    /// - `Requested`: its holder asked for it.
    /// - `Ordered`: a court or an authority ordered it.
    enum WithdrawReason {
        None,
        Cancelled,
        IssuedInError,
        Misdirected,
        Duplicate,
        KeyCompromised,
        Requested,
        Ordered
    }

    /// @notice A document as its holder knows it.
    /// @param root root of a batch it stands in
    /// @param leaf its leaf
    /// @param proof the siblings from the leaf up to the root: exactly as many as the batch's `depth`
    struct DocRef {
        bytes32 root;
        bytes32 leaf;
        bytes32[] proof;
    }

    /// @notice One anchored batch; one storage slot, so one storage proof shows it or its absence.
    /// @param time when it was anchored; 0 if never
    /// @param depth steps from each leaf to the root
    /// @param reaffirmedAt when the issuer last vouched for it again; 0 if never
    struct Batch {
        uint40 time;
        uint8 depth;
        uint40 reaffirmedAt;
    }

    /// @notice What happened to one document since it was anchored; one storage slot. All zero: nothing.
    /// @param state `Superseded`, `Withdrawn`, or `Active` again after an annulled withdrawal
    /// @param reason an `AmendReason` if superseded, a `WithdrawReason` if withdrawn, 0 if active again
    /// @param time when this mark was set
    /// @param by the operator account that set it
    struct Mark {
        State state;
        uint8 reason;
        uint40 time;
        address by;
    }

    /// @notice The fixed numbers of this contract.
    /// @param minDepth least depth of a batch: 4, that is 16 leaves
    /// @param maxDepth greatest depth of a batch: 16, that is 65,536 leaves
    /// @param maxRoots most roots in one `reaffirm`
    /// @param anchorsPerDay most batches of one issuer in one day (UTC)
    /// @param annulPeriod seconds after a withdrawal in which it can be annulled: 30 days
    struct Limits {
        uint8 minDepth;
        uint8 maxDepth;
        uint16 maxRoots;
        uint32 anchorsPerDay;
        uint40 annulPeriod;
    }

    // ---------------------------------------------------------------------------------------------------- events

    /// @notice `issuer` anchored a batch. Its time is the block's.
    event Anchored(uint32 indexed issuer, bytes32 indexed root, uint8 depth);

    /// @notice `issuer` vouched again for a batch. Its time is the block's.
    event Reaffirmed(uint32 indexed issuer, bytes32 indexed root);

    /// @notice A document of `issuer` was replaced by another of the same issuer. `reason`: an `AmendReason`.
    event Amended(uint32 indexed issuer, bytes32 indexed leaf, bytes32 successorLeaf, uint8 reason);

    /// @notice A document of `issuer` was withdrawn. `reason`: a `WithdrawReason`.
    event Withdrawn(uint32 indexed issuer, bytes32 indexed leaf, uint8 reason);

    /// @notice The withdrawal of a document of `issuer` was annulled: it is active again.
    event Annulled(uint32 indexed issuer, bytes32 indexed leaf);

    // ---------------------------------------------------------------------------------------------------- errors

    /// @notice The issuer anchored this root before, at `time`. For a sender that lost an answer this is success.
    error AlreadyAnchored(uint32 issuer, bytes32 root, uint40 time);

    /// @notice The root is zero, which no tree has.
    error EmptyRoot();

    /// @notice The depth is not within `minDepth` and `maxDepth` of `limits()`. Pad the tree, or split the batch.
    error DepthOutOfRange(uint8 depth, uint8 least, uint8 most);

    /// @notice The issuer has anchored `anchorsPerDay` batches today. Make larger batches, or wait until 00:00 UTC.
    error DailyLimit(uint32 issuer);

    /// @notice A list is empty or has more than `most` entries. Split it.
    error ListLength(uint256 found, uint256 most);

    /// @notice The issuer never anchored this root.
    error NotAnchored(uint32 issuer, bytes32 root);

    /// @notice The path does not lead from this leaf to the root in as many steps as the batch is deep, or the leaf
    /// is zero.
    error NotInBatch(bytes32 leaf);

    /// @notice The document is in a state in which this cannot be done.
    error WrongState(bytes32 leaf, State found);

    /// @notice A document was named as its own replacement.
    error OwnSuccessor(bytes32 leaf);

    /// @notice The replacement's batch was not anchored strictly after the old document's.
    error NotLater(uint40 oldTime, uint40 newTime);

    /// @notice The number is none of `AmendReason` or `WithdrawReason`, or is their `None`.
    error UnknownReason(uint8 reason);

    /// @notice The caller's institution is neither the issuer nor the registered successor of an issuer that ended.
    /// (For an index that no institution has: `UnknownInstitution`, see IMembership.)
    error NotIssuer(uint32 issuer, uint32 caller);

    /// @notice The time to annul the withdrawal ended at `until`. Issue the document anew.
    error AnnulPeriodOver(bytes32 leaf, uint40 until);

    // ------------------------------------------------------------------------------------------------------ acts

    /// @notice Anchors a batch of the caller's institution. It costs the same whatever the batch's size.
    /// @dev Caller: an operator with ANCHOR. Emits `Anchored`.
    /// Reverts with `EmptyRoot`, `DepthOutOfRange`, `AlreadyAnchored`, `DailyLimit`.
    /// @param root root of the tree
    /// @param depth steps from each leaf to the root; documents prove themselves with paths of just this length
    function anchor(bytes32 root, uint8 depth) external;

    /// @notice Vouches again for batches of the caller's institution: after a key was compromised the institution
    /// compares them with its own records and says which are really its own. Can be repeated after another compromise.
    /// @dev Caller: an operator with STATUS; ANCHOR is not enough, so a stolen anchoring key cannot vouch for its own
    /// batches. A reader counts only a `reaffirmedAt` later than the declaration of the compromise.
    /// Emits `Reaffirmed` for each root. Reverts with `ListLength`, `NotAnchored`; then no root is reaffirmed.
    /// @param roots 1 to `maxRoots` roots anchored before
    function reaffirm(bytes32[] calldata roots) external;

    /// @notice Replaces a document by another of the same issuer, for ever. Several documents may be replaced by one
    /// (interim receipts by the final one); each has one successor only. Chains of successors end: the replacement is
    /// anchored strictly later, and must itself be active.
    /// @dev Caller: an operator with STATUS of the issuer; or of its `successor` once the issuer is Retired or
    /// Expelled. Emits `Amended`. Reverts with `NotIssuer`, `UnknownReason`, `OwnSuccessor`; then for the old document
    /// and then for the replacement `NotAnchored`, `NotInBatch`, `WrongState`; then `NotLater`.
    /// @param issuer who issued both documents
    /// @param old the document to replace; must be `Active`
    /// @param replacement the document that takes its place; must be `Active`
    /// @param reason an `AmendReason` other than `None`
    function amend(uint32 issuer, DocRef calldata old, DocRef calldata replacement, uint8 reason) external;

    /// @notice Withdraws a document in every batch of the issuer. Only `annul` undoes it.
    /// @dev Caller: an operator with STATUS of the issuer; or of its `successor` once the issuer is Retired or
    /// Expelled. Emits `Withdrawn`. Reverts with `NotIssuer`, `UnknownReason`, `NotAnchored`, `NotInBatch`,
    /// `WrongState`.
    /// @param issuer who issued the document
    /// @param doc the document; must be `Active`
    /// @param reason a `WithdrawReason` other than `None`
    function withdraw(uint32 issuer, DocRef calldata doc, uint8 reason) external;

    /// @notice Annuls a withdrawal made by mistake: the document is active again and can be withdrawn again.
    /// @dev Caller: an operator with ADMIN (kept offline) of the issuer; or of its `successor` once the issuer is
    /// Retired or Expelled. Emits `Annulled`. Reverts with `NotIssuer`, `WrongState`, `AnnulPeriodOver`.
    /// @param issuer who issued the document
    /// @param leaf the document; must be `Withdrawn`, at most `annulPeriod` ago
    function annul(uint32 issuer, bytes32 leaf) external;

    // ----------------------------------------------------------------------------------------------------- views

    /// @notice The batch of an issuer under a root; all zero if it was never anchored.
    function batch(uint32 issuer, bytes32 root) external view returns (Batch memory);

    /// @notice The mark on an issuer's document; all zero if it has none, anchored or not.
    function mark(uint32 issuer, bytes32 leaf) external view returns (Mark memory);

    /// @notice The document that replaced an issuer's document; zero if it was not replaced.
    function successor(uint32 issuer, bytes32 leaf) external view returns (bytes32 successorLeaf);

    /// @notice All that is known of a document. Never reverts: what cannot be shown is `None`.
    /// @return state `None` if the issuer never anchored the root (then the batch's time is 0) or the path does not
    /// lead to it (then it is not 0)
    /// @return anchoredIn the batch under `doc.root`
    /// @return marked the document's mark, whatever the root and path
    /// @return successorLeaf the document that replaced it, zero if none
    function status(
        uint32 issuer,
        DocRef calldata doc
    ) external view returns (State state, Batch memory anchoredIn, Mark memory marked, bytes32 successorLeaf);

    /// @notice How many batches the issuer may still anchor today (UTC).
    function anchorsLeft(uint32 issuer) external view returns (uint32);

    /// @notice The fixed numbers of this contract.
    function limits() external view returns (Limits memory);

    /// @notice The registry that says who may act. It never changes.
    function registry() external view returns (IInstitutionRegistry);
}
