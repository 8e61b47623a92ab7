// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyPurpose, ROLE_ADMIN} from "../interfaces/Common.sol";
import {IDocumentKeys} from "../interfaces/institutions/IDocumentKeys.sol";
import {KeyProofs} from "./KeyProofs.sol";
import {Operators} from "./Operators.sol";

/// @title Document keys
abstract contract DocumentKeys is Operators, IDocumentKeys {
    /// @dev Reason in KeyCompromised when the members voted the date.
    uint8 internal constant REASON_VOTED = 255;

    struct Point {
        bytes32 x;
        bytes32 y;
    }

    KeyProofs private immutable _proofs = new KeyProofs();
    mapping(bytes32 kid => DocKey key) private _keys;
    mapping(bytes32 kid => Point point) private _points;
    mapping(uint32 index => bytes32[] kids) private _keysOf;

    /// @inheritdoc IDocumentKeys
    function addKey(
        bytes32 kid,
        bytes32 x,
        bytes32 y,
        KeyPurpose purpose,
        uint40 validFrom,
        uint40 validUntil,
        bytes32 popR,
        bytes32 popS
    ) external {
        uint32 index = authorize(msg.sender, ROLE_ADMIN);
        if (_keys[kid].institution != 0) revert KeyTaken(kid, _keys[kid].institution);
        bytes32 message = _keyDigest(index, kid, purpose, validFrom, validUntil);
        _proofs.requireProof(kid, x, y, message, popR, popS);
        _points[kid] = Point(x, y);
        _keysOf[index].push(kid);
        _store(index, kid, purpose, validFrom, validUntil);
    }

    /// @inheritdoc IDocumentKeys
    function endKey(bytes32 kid, uint40 validUntil) external {
        DocKey storage found = _ownKey(kid);
        uint40 end = validUntil < _time() ? _time() : validUntil;
        if (end >= found.validUntil || end <= found.validFrom) revert InvalidPeriod(found.validFrom, end);
        found.validUntil = end;
        _emitKey(kid, found);
    }

    /// @inheritdoc IDocumentKeys
    function compromiseKey(bytes32 kid, uint40 since, uint8 reason) external {
        _requireRecent(since, _ownKey(kid).compromisedSince);
        _compromiseKey(kid, since, reason);
    }

    /// @inheritdoc IDocumentKeys
    function key(bytes32 kid) external view returns (DocKey memory) {
        return _keys[kid];
    }

    /// @inheritdoc IDocumentKeys
    function publicKey(bytes32 kid) external view returns (bytes32 x, bytes32 y) {
        return (_points[kid].x, _points[kid].y);
    }

    /// @inheritdoc IDocumentKeys
    function keysOf(uint32 index) external view returns (bytes32[] memory) {
        return _keysOf[index];
    }

    /// @dev Records a compromise whose date the caller has checked.
    function _compromiseKey(bytes32 kid, uint40 since, uint8 reason) internal {
        DocKey storage found = _knownKey(kid);
        found.compromisedSince = since;
        found.declaredAt = _time();
        _emitKey(kid, found);
        emit KeyCompromised(found.institution, kid, since, reason);
    }

    function _knownKey(bytes32 kid) internal view returns (DocKey storage found) {
        found = _keys[kid];
        if (found.institution == 0) revert UnknownKey(kid);
    }

    function _store(uint32 index, bytes32 kid, KeyPurpose purpose, uint40 validFrom, uint40 validUntil) private {
        if (purpose == KeyPurpose.None) revert InvalidPurpose();
        // A beginning in the past would vouch for documents that were anchored before the key was known.
        uint40 from = validFrom < _time() ? _time() : validFrom;
        if (validUntil <= from) revert InvalidPeriod(from, validUntil);
        DocKey storage added = _keys[kid];
        added.institution = index;
        added.purpose = purpose;
        added.validFrom = from;
        added.validUntil = validUntil;
        _emitKey(kid, added);
    }

    function _ownKey(bytes32 kid) private view returns (DocKey storage found) {
        found = _knownKey(kid);
        uint32 caller = _anyStandingAdmin();
        if (found.institution != caller) revert NotKeyOwner(kid, found.institution, caller);
    }

    function _emitKey(bytes32 kid, DocKey storage found) private {
        emit KeySet(
            found.institution,
            kid,
            found.purpose,
            _points[kid].x,
            _points[kid].y,
            found.validFrom,
            found.validUntil,
            found.compromisedSince
        );
    }
}
