// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Member} from "./common/Member.sol";
import {InstitutionNotActive, ROLE_TRANSFER, Standing} from "./interfaces/Common.sol";
import {IInstitutionRegistry} from "./interfaces/IInstitutionRegistry.sol";
import {IMembership} from "./interfaces/institutions/IMembership.sol";
import {ITransferLedger} from "./interfaces/ITransferLedger.sol";

/// @title See ITransferLedger, which is the manual
contract TransferLedger is ITransferLedger, Member {
    uint16 private constant MAX_BATCH = 256;

    mapping(bytes32 transferId => Transfer transfer) private _transfers;

    constructor(IInstitutionRegistry institutions) Member(institutions) {}

    // ------------------------------------------------------------------------------------------------------ acts

    /// @inheritdoc ITransferLedger
    function send(bytes32 transferId, uint32 receiver, bytes32 macCommit, bytes32 cipherHash) external {
        _send(_caller(ROLE_TRANSFER), transferId, receiver, macCommit, cipherHash);
    }

    /// @inheritdoc ITransferLedger
    function sendMany(
        bytes32[] calldata ids,
        uint32[] calldata receivers,
        bytes32[] calldata macCommits,
        bytes32[] calldata cipherHashes
    ) external {
        uint32 sender = _caller(ROLE_TRANSFER);
        uint256 count = ids.length;
        if (receivers.length != count || macCommits.length != count || cipherHashes.length != count) {
            revert ListsDiffer(count, receivers.length, macCommits.length, cipherHashes.length);
        }
        if (count == 0 || count > MAX_BATCH) revert ListLength(count, MAX_BATCH);
        for (uint256 i = 0; i < count; ++i) {
            _send(sender, ids[i], receivers[i], macCommits[i], cipherHashes[i]);
        }
    }

    /// @inheritdoc ITransferLedger
    function acknowledge(bytes32 transferId, bytes32 mac) external {
        Transfer storage answered = _answer(transferId);
        if (keccak256(abi.encode(mac)) == answered.macCommit) {
            answered.state = State.Acknowledged;
            emit Acknowledged(transferId);
        } else {
            answered.state = State.Disputed;
            emit Disputed(transferId, mac);
        }
    }

    /// @inheritdoc ITransferLedger
    function reject(bytes32 transferId, uint8 reason) external {
        Transfer storage answered = _answer(transferId);
        if (reason == 0 || reason > uint8(type(RejectReason).max)) revert UnknownReason(reason);
        answered.state = State.Rejected;
        answered.reason = reason;
        emit Rejected(transferId, reason);
    }

    // ----------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ITransferLedger
    function transfer(bytes32 transferId) external view returns (Transfer memory) {
        return _transfers[transferId];
    }

    /// @inheritdoc ITransferLedger
    function maxBatch() external pure returns (uint16) {
        return MAX_BATCH;
    }

    /// @inheritdoc ITransferLedger
    function registry() external view returns (IInstitutionRegistry) {
        return _registry;
    }

    // ----------------------------------------------------------------------------------------------------- rules

    function _send(uint32 sender, bytes32 id, uint32 receiver, bytes32 macCommit, bytes32 cipherHash) private {
        if (id == bytes32(0) || macCommit == bytes32(0) || cipherHash == bytes32(0)) revert EmptyCommitment(id);
        if (_transfers[id].state != State.None) revert TransferExists(id);
        (, IInstitutionRegistry.Institution memory found) = _registry.institution(receiver);
        if (found.standing != Standing.Active) revert InstitutionNotActive(receiver, found.standing);
        if (found.standingSince > _time()) revert IMembership.NotYetActive(receiver, found.standingSince);

        _transfers[id] = Transfer({
            state: State.Sent,
            sender: sender,
            receiver: receiver,
            sentAt: _time(),
            answeredAt: 0,
            reason: 0,
            macCommit: macCommit,
            cipherHash: cipherHash
        });
        emit Sent(id, sender, receiver, macCommit, cipherHash);
    }

    /// @dev The transfer that the caller is about to answer: it is for the caller's institution and unanswered.
    function _answer(bytes32 id) private returns (Transfer storage answered) {
        uint32 caller = _caller(ROLE_TRANSFER);
        answered = _transfers[id];
        if (answered.state == State.None) revert WrongState(id, State.None);
        if (answered.receiver != caller) revert NotReceiver(id, caller);
        if (answered.state != State.Sent) revert WrongState(id, answered.state);
        answered.answeredAt = _time();
    }
}
