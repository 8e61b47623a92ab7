// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Member} from "./common/Member.sol";
import {ROLE_ADMIN, ROLE_ANCHOR, ROLE_STATUS, Standing} from "./interfaces/Common.sol";
import {IDocumentRegistry} from "./interfaces/IDocumentRegistry.sol";
import {IInstitutionRegistry} from "./interfaces/IInstitutionRegistry.sol";

/// @title See IDocumentRegistry, which is the manual
contract DocumentRegistry is IDocumentRegistry, Member {
    // A tree has at least 16 leaves so that the size of a batch tells little, and at most 65,536 so that a path
    // stays short whoever pays for checking it.
    uint8 private constant MIN_DEPTH = 4;
    uint8 private constant MAX_DEPTH = 16;
    uint16 private constant MAX_ROOTS = 256;
    // Three a second, all day. At its fastest the oracle closes a batch every half second: 172,800 a day, which at
    // 1,024 documents a batch carries 2,048 documents/s. Half as many again lets a day catch up after an outage.
    // Beyond that stands no hospital but a stolen key.
    uint32 private constant ANCHORS_PER_DAY = 259_200;
    uint40 private constant ANNUL_PERIOD = 30 days;

    // The labels of these three and the order of their structs' fields are fixed: light proofs compute their slots.
    mapping(uint32 issuer => mapping(bytes32 root => Batch batch)) private _batches;
    mapping(uint32 issuer => mapping(bytes32 leaf => Mark mark)) private _marks;
    mapping(uint32 issuer => mapping(bytes32 leaf => bytes32 successorLeaf)) private _successors;

    // Day (UTC, since 1970) of the issuer's latest batch, shifted left by 32, plus its batches of that day. One number
    // rather than a struct: every `anchor` counts, and this is the only word besides the batch's own that it writes.
    mapping(uint32 issuer => uint256 dayAndCount) private _counts;

    constructor(IInstitutionRegistry institutions) Member(institutions) {}

    // ------------------------------------------------------------------------------------------------------ acts

    /// @inheritdoc IDocumentRegistry
    function anchor(bytes32 root, uint8 depth) external {
        uint32 issuer = _caller(ROLE_ANCHOR);
        if (root == bytes32(0)) revert EmptyRoot();
        if (depth < MIN_DEPTH || depth > MAX_DEPTH) revert DepthOutOfRange(depth, MIN_DEPTH, MAX_DEPTH);
        Batch storage fresh = _batches[issuer][root];
        if (fresh.time != 0) revert AlreadyAnchored(issuer, root, fresh.time);
        uint256 count = _nextCount(issuer);

        fresh.time = _time();
        fresh.depth = depth;
        _counts[issuer] = count;
        emit Anchored(issuer, root, depth);
    }

    /// @inheritdoc IDocumentRegistry
    function reaffirm(bytes32[] calldata roots) external {
        uint32 issuer = _caller(ROLE_STATUS);
        if (roots.length == 0 || roots.length > MAX_ROOTS) revert ListLength(roots.length, MAX_ROOTS);
        for (uint256 i = 0; i < roots.length; ++i) {
            Batch storage known = _batches[issuer][roots[i]];
            if (known.time == 0) revert NotAnchored(issuer, roots[i]);
            known.reaffirmedAt = _time();
            emit Reaffirmed(issuer, roots[i]);
        }
    }

    /// @inheritdoc IDocumentRegistry
    function amend(uint32 issuer, DocRef calldata old, DocRef calldata replacement, uint8 reason) external {
        _requireActsFor(issuer, ROLE_STATUS);
        _requireReason(reason, uint8(type(AmendReason).max));
        if (old.leaf == replacement.leaf) revert OwnSuccessor(old.leaf);
        uint40 oldTime = _requireActive(issuer, old);
        uint40 newTime = _requireActive(issuer, replacement);
        if (newTime <= oldTime) revert NotLater(oldTime, newTime);

        // A document that stands in two batches has two times, so "later" alone would not rule out a circle; that
        // the replacement is still active does: the last link of a circle would end in a superseded document.
        _setMark(issuer, old.leaf, State.Superseded, reason);
        _successors[issuer][old.leaf] = replacement.leaf;
        emit Amended(issuer, old.leaf, replacement.leaf, reason);
    }

    /// @inheritdoc IDocumentRegistry
    function withdraw(uint32 issuer, DocRef calldata doc, uint8 reason) external {
        _requireActsFor(issuer, ROLE_STATUS);
        _requireReason(reason, uint8(type(WithdrawReason).max));
        _requireActive(issuer, doc);

        _setMark(issuer, doc.leaf, State.Withdrawn, reason);
        emit Withdrawn(issuer, doc.leaf, reason);
    }

    /// @inheritdoc IDocumentRegistry
    function annul(uint32 issuer, bytes32 leaf) external {
        _requireActsFor(issuer, ROLE_ADMIN);
        Mark memory found = _marks[issuer][leaf];
        if (found.state != State.Withdrawn) revert WrongState(leaf, found.state);
        uint40 until = found.time + ANNUL_PERIOD;
        if (_time() > until) revert AnnulPeriodOver(leaf, until);

        _setMark(issuer, leaf, State.Active, 0);
        emit Annulled(issuer, leaf);
    }

    // ----------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDocumentRegistry
    function batch(uint32 issuer, bytes32 root) external view returns (Batch memory) {
        return _batches[issuer][root];
    }

    /// @inheritdoc IDocumentRegistry
    function mark(uint32 issuer, bytes32 leaf) external view returns (Mark memory) {
        return _marks[issuer][leaf];
    }

    /// @inheritdoc IDocumentRegistry
    function successor(uint32 issuer, bytes32 leaf) external view returns (bytes32 successorLeaf) {
        return _successors[issuer][leaf];
    }

    /// @inheritdoc IDocumentRegistry
    function status(
        uint32 issuer,
        DocRef calldata doc
    ) external view returns (State state, Batch memory anchoredIn, Mark memory marked, bytes32 successorLeaf) {
        anchoredIn = _batches[issuer][doc.root];
        marked = _marks[issuer][doc.leaf];
        successorLeaf = _successors[issuer][doc.leaf];
        if (anchoredIn.time != 0 && _isIn(doc, anchoredIn.depth)) state = _stateOf(marked.state);
    }

    /// @inheritdoc IDocumentRegistry
    function anchorsLeft(uint32 issuer) external view returns (uint32) {
        uint256 today = _today();
        uint256 count = _counts[issuer];
        return count < today ? ANCHORS_PER_DAY : uint32(today + ANCHORS_PER_DAY - count);
    }

    /// @inheritdoc IDocumentRegistry
    function limits() external pure returns (Limits memory) {
        return
            Limits({
                minDepth: MIN_DEPTH,
                maxDepth: MAX_DEPTH,
                maxRoots: MAX_ROOTS,
                anchorsPerDay: ANCHORS_PER_DAY,
                annulPeriod: ANNUL_PERIOD
            });
    }

    /// @inheritdoc IDocumentRegistry
    function registry() external view returns (IInstitutionRegistry) {
        return _registry;
    }

    // ----------------------------------------------------------------------------------------------------- rules

    /// @dev The caller acts for the issuer: as itself, or as the successor of an issuer that ended.
    function _requireActsFor(uint32 issuer, uint16 role) private view {
        uint32 caller = _caller(role);
        if (caller == issuer) return;
        (, IInstitutionRegistry.Institution memory found) = _registry.institution(issuer);
        bool ended = found.standing == Standing.Retired || found.standing == Standing.Expelled;
        if (!ended || found.successor != caller) revert NotIssuer(issuer, caller);
    }

    function _requireReason(uint8 reason, uint8 last) private pure {
        if (reason == 0 || reason > last) revert UnknownReason(reason);
    }

    /// @dev The document is anchored under the root it names and is active; returns when that root was anchored.
    function _requireActive(uint32 issuer, DocRef calldata doc) private view returns (uint40 time) {
        Batch memory found = _batches[issuer][doc.root];
        if (found.time == 0) revert NotAnchored(issuer, doc.root);
        if (!_isIn(doc, found.depth)) revert NotInBatch(doc.leaf);
        State state = _stateOf(_marks[issuer][doc.leaf].state);
        if (state != State.Active) revert WrongState(doc.leaf, state);
        return found.time;
    }

    /// @dev Only paths of full length count: a shorter one would prove an inner node as if it were a document. The
    /// zero leaf is refused because a zero successor means "none".
    function _isIn(DocRef calldata doc, uint8 depth) private pure returns (bool) {
        return
            doc.leaf != bytes32(0) &&
            doc.proof.length == depth &&
            MerkleProof.verifyCalldata(doc.proof, doc.root, doc.leaf);
    }

    /// @dev The state of a document that is known to be anchored: one without a mark is active.
    function _stateOf(State marked) private pure returns (State) {
        return marked == State.None ? State.Active : marked;
    }

    function _setMark(uint32 issuer, bytes32 leaf, State state, uint8 reason) private {
        _marks[issuer][leaf] = Mark({state: state, reason: reason, time: _time(), by: msg.sender});
    }

    /// @dev The counter with one batch more. A fixed day rather than a sliding one: it bounds what a stolen key can
    /// write, with one word per issuer.
    function _nextCount(uint32 issuer) private view returns (uint256 count) {
        uint256 today = _today();
        count = _counts[issuer];
        if (count < today) count = today;
        if (count >= today + ANCHORS_PER_DAY) revert DailyLimit(issuer);
        ++count;
    }

    function _today() private view returns (uint256) {
        return uint256(_time() / 1 days) << 32;
    }
}
