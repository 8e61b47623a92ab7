// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Kind, NotAuthorized, ROLE_ADMIN, Standing} from "../interfaces/Common.sol";
import {IProposals} from "../interfaces/institutions/IProposals.sol";
import {Directory} from "./Directory.sol";
import {DocumentKeys} from "./DocumentKeys.sol";
import {Proposals} from "./Proposals.sol";
import {Sponsorship} from "./Sponsorship.sol";

/// @title What the members can decide: each action of IProposals
abstract contract Actions is Sponsorship, Proposals, DocumentKeys, Directory {
    /// @inheritdoc IProposals
    function checkPayload(Action action, bytes calldata payload) external pure {
        if (action == Action.Admit) {
            abi.decode(payload, (bytes32, Kind, bool, address, address, bytes));
        } else if (action == Action.SetStanding) {
            abi.decode(payload, (uint32, Standing, uint40));
        } else if (action == Action.SetVoting) {
            abi.decode(payload, (uint32, bool, address));
        } else if (action == Action.SetValidator) {
            abi.decode(payload, (uint32, address));
        } else if (action == Action.RecoverAdmin) {
            abi.decode(payload, (uint32, address, address[], bytes));
        } else if (action == Action.BackdateCompromise) {
            abi.decode(payload, (address, bytes32, uint40));
        } else if (action == Action.SetContract) {
            abi.decode(payload, (bytes32, address));
        } else {
            // SetSuccessor, SetSponsorLimit
            abi.decode(payload, (uint32, uint32));
        }
    }

    function _perform(Action action, bytes memory payload) internal override {
        if (action == Action.Admit) _performAdmit(payload);
        else if (action == Action.SetStanding) _performStanding(payload);
        else if (action == Action.SetVoting) _performVoting(payload);
        else if (action == Action.SetValidator) {
            (uint32 index, address validator) = abi.decode(payload, (uint32, address));
            _replaceValidator(index, validator);
        } else if (action == Action.RecoverAdmin) _performRecovery(payload);
        else if (action == Action.BackdateCompromise) _performBackdating(payload);
        else if (action == Action.SetContract) {
            (bytes32 name, address location) = abi.decode(payload, (bytes32, address));
            _setContract(name, location);
        } else {
            (uint32 index, uint32 value) = abi.decode(payload, (uint32, uint32));
            if (action == Action.SetSuccessor) _setSuccessor(index, value);
            else _setSponsorLimit(index, value);
        }
    }

    function _recoveredInstitution(bytes memory payload) internal pure override returns (uint32 index) {
        (index, , , ) = abi.decode(payload, (uint32, address, address[], bytes));
    }

    function _performAdmit(bytes memory payload) private {
        Admission memory admission;
        bytes memory acceptance;
        (admission.id, admission.kind, admission.voting, admission.admin, admission.validator, acceptance) = abi
            .decode(payload, (bytes32, Kind, bool, address, address, bytes));
        _requireSigned(_admissionDigest(admission), admission.admin, acceptance);
        uint32 index = _admit(admission, _time());
        if (admission.voting) _electorateChanged(index, true);
    }

    function _performStanding(bytes memory payload) private {
        (uint32 index, Standing standing, uint40 doubtSince) = abi.decode(payload, (uint32, Standing, uint40));
        Institution storage member = _known(index);
        if (!_stepOpen(member.standing, standing)) revert WrongStanding(index, member.standing);
        if (!_doubtValid(member, standing, doubtSince)) revert InvalidDoubt(doubtSince);
        bool left = member.voting;
        if (left) _leave(index);
        _changeStanding(index, standing, doubtSince);
        if (left) _electorateChanged(index, false);
    }

    function _performVoting(bytes memory payload) private {
        (uint32 index, bool voting, address validator) = abi.decode(payload, (uint32, bool, address));
        if (voting) {
            _known(index);
            _requireActive(index);
            _join(index, validator);
        } else {
            if (validator != address(0)) revert ValidatorMismatch(false, validator);
            _leave(index);
        }
        _electorateChanged(index, voting);
    }

    function _performRecovery(bytes memory payload) private {
        (uint32 index, address admin, address[] memory revoked, bytes memory acceptance) = abi.decode(
            payload,
            (uint32, address, address[], bytes)
        );
        Standing found = _known(index).standing;
        if (found == Standing.Expelled) revert WrongStanding(index, found);
        for (uint256 i = 0; i < revoked.length; ++i) {
            if (_operatorOf(revoked[i]).institution != index) revert NotAuthorized(revoked[i], ROLE_ADMIN);
            _endNow(revoked[i]);
        }
        _requireSigned(_operatorDigest(index, admin, ROLE_ADMIN, 0), admin, acceptance);
        _setOperator(admin, index, ROLE_ADMIN, 0);
    }

    function _performBackdating(bytes memory payload) private {
        (address account, bytes32 kid, uint40 since) = abi.decode(payload, (address, bytes32, uint40));
        if (account == address(0)) {
            _requireEarlier(since, _knownKey(kid).compromisedSince);
            _compromiseKey(kid, since, REASON_VOTED);
        } else {
            if (kid != bytes32(0)) revert MalformedPayload(Action.BackdateCompromise);
            Operator storage mandate = _operatorOf(account);
            if (mandate.institution == 0) revert NotAuthorized(account, 0);
            _requireEarlier(since, mandate.compromisedSince);
            _compromiseOperator(account, since);
        }
    }

    function _stepOpen(Standing from, Standing to) private pure returns (bool) {
        if (to == Standing.Expelled) return true;
        if (from == Standing.Active) return to == Standing.Suspended || to == Standing.Retired;
        if (from == Standing.Suspended) return to == Standing.Active || to == Standing.Retired;
        return false;
    }

    function _doubtValid(
        Institution storage member,
        Standing standing,
        uint40 doubtSince
    ) private view returns (bool) {
        if (standing != Standing.Expelled) return doubtSince == 0;
        if (doubtSince == 0 || doubtSince > _time()) return false;
        return member.standing != Standing.Expelled || doubtSince < member.doubtSince;
    }
}
