// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeadlinePassed, NotAuthorized, ROLE_ADMIN} from "../interfaces/Common.sol";
import {IProposals} from "../interfaces/institutions/IProposals.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// @title Proposals, votes and execution
abstract contract Proposals is ValidatorSet, IProposals {
    uint40 private constant VOTING_PERIOD = 7 days;
    uint40 private constant RECOVERY_DELAY = 2 days;

    uint256 private _proposalCount;
    mapping(uint256 proposalId => Proposal proposal) private _proposals;
    mapping(uint256 proposalId => bytes payload) private _payloads;
    mapping(uint256 proposalId => mapping(uint32 index => bool voted)) private _voted;

    /// @inheritdoc IProposals
    function propose(Action action, bytes calldata payload) external returns (uint256 proposalId) {
        uint32 by = _voter();
        // Decoding reverts without data; callers are told what was wrong instead.
        try this.checkPayload(action, payload) {} catch {
            revert MalformedPayload(action);
        }
        proposalId = ++_proposalCount;
        Proposal storage made = _proposals[proposalId];
        made.action = action;
        made.by = by;
        made.electorateEpoch = electorateEpoch();
        made.expires = _time() + VOTING_PERIOD;
        made.needed = _majority();
        _payloads[proposalId] = payload;
        emit Proposed(proposalId, action, by, made.electorateEpoch, made.expires, payload);
    }

    /// @inheritdoc IProposals
    function vote(uint256 proposalId, bool yes) external {
        Proposal storage open = _open(proposalId);
        if (_time() > open.expires) revert DeadlinePassed(open.expires);
        uint32 by = _voter();
        if (_voted[proposalId][by]) revert AlreadyVoted(proposalId, by);
        _voted[proposalId][by] = true;
        if (!yes) ++open.no;
        else if (++open.yes == open.needed) open.passedAt = _time();
        emit Voted(proposalId, by, yes);
    }

    /// @inheritdoc IProposals
    function execute(uint256 proposalId) external {
        Proposal storage passed = _open(proposalId);
        if (passed.passedAt == 0) revert NotPassed(proposalId, passed.yes, passed.needed);
        uint40 delay = passed.action == Action.RecoverAdmin ? RECOVERY_DELAY : 0;
        uint40 due = passed.passedAt + delay;
        if (_time() < due) revert RecoveryNotDue(proposalId, due);
        if (_time() > passed.expires + delay) revert DeadlinePassed(passed.expires + delay);
        passed.executed = true;
        _perform(passed.action, _payloads[proposalId]);
        emit Executed(proposalId);
    }

    /// @inheritdoc IProposals
    function vetoRecovery(uint256 proposalId) external {
        Proposal storage found = _found(proposalId);
        if (found.action != Action.RecoverAdmin) revert NotRecovery(proposalId, found.action);
        if (found.executed) revert AlreadyExecuted(proposalId);
        uint32 index = _recoveredInstitution(_payloads[proposalId]);
        if (authorize(msg.sender, ROLE_ADMIN) != index) revert NotAuthorized(msg.sender, ROLE_ADMIN);
        found.vetoed = true;
        emit RecoveryVetoed(proposalId, index);
    }

    /// @inheritdoc IProposals
    function proposal(uint256 proposalId) external view returns (Proposal memory, bytes memory payload) {
        return (_found(proposalId), _payloads[proposalId]);
    }

    /// @inheritdoc IProposals
    function proposalCount() external view returns (uint256) {
        return _proposalCount;
    }

    /// @inheritdoc IProposals
    function hasVoted(uint256 proposalId, uint32 index) external view returns (bool) {
        return _voted[proposalId][index];
    }

    /// @dev Carries out an action that passed.
    function _perform(Action action, bytes memory payload) internal virtual;

    /// @dev The institution that a RecoverAdmin payload is about.
    function _recoveredInstitution(bytes memory payload) internal pure virtual returns (uint32);

    function _voter() private view returns (uint32 by) {
        by = authorize(msg.sender, ROLE_ADMIN);
        _requireVoting(by);
    }

    function _found(uint256 proposalId) private view returns (Proposal storage found) {
        found = _proposals[proposalId];
        if (found.by == 0) revert UnknownProposal(proposalId);
    }

    /// @dev A proposal that can still be voted on or executed, as far as its time allows.
    function _open(uint256 proposalId) private view returns (Proposal storage open) {
        open = _found(proposalId);
        if (open.executed) revert AlreadyExecuted(proposalId);
        if (open.vetoed) revert Vetoed(proposalId);
        if (open.electorateEpoch != electorateEpoch()) {
            revert ProposalVoid(proposalId, open.electorateEpoch, electorateEpoch());
        }
    }
}
