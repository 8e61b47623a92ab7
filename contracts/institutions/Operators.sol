// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BadSignature, Kind, NotAuthorized, ROLE_ADMIN, ROLES_ALL} from "../interfaces/Common.sol";
import {IOperators} from "../interfaces/institutions/IOperators.sol";
import {Acceptances} from "./Acceptances.sol";
import {Membership} from "./Membership.sol";

/// @title Operator accounts and the question who may act
abstract contract Operators is Membership, Acceptances, IOperators {
    /// @dev How far back an institution alone may date a compromise.
    uint40 private constant COMPROMISE_WINDOW = 30 days;
    uint256 private constant SIGNATURE_LENGTH = 65;

    mapping(address account => Operator operator) private _operators;
    mapping(uint32 index => address[] accounts) private _operatorsOf;

    /// @inheritdoc IOperators
    function addOperator(address account, uint16 roles, uint32 custodian, bytes calldata acceptance) external {
        uint32 index = authorize(msg.sender, ROLE_ADMIN);
        bytes32 digest = _operatorDigest(index, account, roles, custodian);
        uint256 own = acceptance.length;
        if (custodian != 0) {
            _requireCustodian(index, custodian);
            if (own != 2 * SIGNATURE_LENGTH) revert BadSignature(address(0));
            own = SIGNATURE_LENGTH;
            _requireConsent(custodian, _signer(digest, acceptance[own:]));
        }
        _requireSigned(digest, account, acceptance[:own]);
        _setOperator(account, index, roles, custodian);
    }

    /// @inheritdoc IOperators
    function endOperator(address account, uint40 until) external {
        Operator storage mandate = _ownOperator(account);
        if (_ended(mandate)) revert OperatorEnded(account, mandate.since, mandate.until);
        if (until <= _time() || (mandate.until != 0 && until >= mandate.until)) revert InvalidEnd(until);
        mandate.until = until;
        _emitOperator(account, mandate);
    }

    /// @inheritdoc IOperators
    function revokeOperator(address account, uint40 compromisedSince) external {
        Operator storage mandate = _ownOperator(account);
        if (compromisedSince != 0) {
            _requireRecent(compromisedSince, mandate.compromisedSince);
            _compromiseOperator(account, compromisedSince);
        } else {
            if (_ended(mandate)) revert OperatorEnded(account, mandate.since, mandate.until);
            _endNow(account);
        }
    }

    /// @inheritdoc IOperators
    function authorize(address account, uint16 role) public view returns (uint32 institutionIndex) {
        (institutionIndex, ) = authorizeActor(account, role);
    }

    /// @inheritdoc IOperators
    function authorizeActor(
        address account,
        uint16 role
    ) public view returns (uint32 institutionIndex, uint32 custodian) {
        (institutionIndex, custodian) = _inForce(account, role);
        _requireActive(institutionIndex);
        if (custodian != 0) _requireActive(custodian);
    }

    /// @inheritdoc IOperators
    function operator(address account) external view returns (Operator memory) {
        return _operators[account];
    }

    /// @inheritdoc IOperators
    function operatorsOf(uint32 index) external view returns (address[] memory) {
        return _operatorsOf[index];
    }

    /// @dev Takes an account in, or renews its mandate. The caller has checked that the account agrees.
    function _setOperator(address account, uint32 index, uint16 roles, uint32 custodian) internal {
        if (account == address(0)) revert EmptyAccount();
        if (roles == 0 || roles > ROLES_ALL) revert InvalidRoles(roles);
        if (_sealsFor(account) != 0) revert AccountTaken(account, _sealsFor(account));
        Operator storage mandate = _operators[account];
        if (mandate.institution == 0) _operatorsOf[index].push(account);
        else if (mandate.institution != index) revert AccountTaken(account, mandate.institution);
        if (mandate.compromisedSince != 0) revert AccountCompromised(account, mandate.compromisedSince);
        mandate.institution = index;
        mandate.custodian = custodian;
        mandate.roles = roles;
        mandate.since = _time();
        mandate.until = 0;
        _emitOperator(account, mandate);
    }

    /// @dev Ends the mandate of an account, if it is open, from this block on.
    function _endNow(address account) internal {
        Operator storage mandate = _operators[account];
        if (_ended(mandate)) return;
        mandate.until = _time();
        _emitOperator(account, mandate);
    }

    /// @dev Records a compromise whose date the caller has checked.
    function _compromiseOperator(address account, uint40 since) internal {
        _endNow(account);
        Operator storage mandate = _operators[account];
        mandate.compromisedSince = since;
        emit OperatorCompromised(mandate.institution, account, since);
    }

    /// @dev For whom the account may act in `role`, whatever the standing of that institution. The fields are read
    /// together, before the checks, so that the slot is loaded once: every act on the chain passes here.
    function _inForce(address account, uint16 role) internal view returns (uint32 index, uint32 custodian) {
        Operator storage mandate = _operators[account];
        (uint16 roles, uint40 until, uint40 compromised) = (mandate.roles, mandate.until, mandate.compromisedSince);
        (index, custodian) = (mandate.institution, mandate.custodian);
        if (role == 0 || roles & role != role) revert NotAuthorized(account, role);
        if (compromised != 0) revert AccountCompromised(account, compromised);
        if (until != 0 && until <= _time()) revert OperatorEnded(account, mandate.since, until);
    }

    /// @dev The caller's institution, which may be in any standing: for acts that only take away.
    function _anyStandingAdmin() internal view returns (uint32 index) {
        (index, ) = _inForce(msg.sender, ROLE_ADMIN);
    }

    function _operatorOf(address account) internal view returns (Operator storage) {
        return _operators[account];
    }

    /// @dev A date of compromise that an institution may declare alone, and for the first time.
    function _requireRecent(uint40 since, uint40 declared) internal view {
        if (declared != 0) revert CompromiseDeclared(declared);
        if (since > _time()) revert CompromiseInFuture(since);
        uint40 earliest = _time() - COMPROMISE_WINDOW;
        if (since < earliest) revert CompromiseTooEarly(since, earliest);
    }

    /// @dev A date of compromise that the members may vote: the first, or an earlier one.
    function _requireEarlier(uint40 since, uint40 declared) internal view {
        if (since == 0) revert CompromiseTooEarly(since, 1);
        if (since > _time()) revert CompromiseInFuture(since);
        if (declared != 0 && since >= declared) revert CompromiseDeclared(declared);
    }

    /// @dev The institution an account seals or sealed blocks for, or 0.
    function _sealsFor(address account) internal view virtual returns (uint32);

    function _ownOperator(address account) private view returns (Operator storage mandate) {
        mandate = _operators[account];
        if (mandate.institution != _anyStandingAdmin()) revert NotAuthorized(msg.sender, ROLE_ADMIN);
    }

    function _requireCustodian(uint32 index, uint32 custodian) private view {
        if (custodian == index || _known(custodian).kind != Kind.Association) revert InvalidCustodian(custodian);
        _requireActive(custodian);
    }

    function _requireConsent(uint32 custodian, address signer) private view {
        if (_operators[signer].institution != custodian) revert BadSignature(signer);
        authorize(signer, ROLE_ADMIN);
    }

    function _ended(Operator storage mandate) private view returns (bool) {
        return mandate.until != 0 && mandate.until <= _time();
    }

    function _emitOperator(address account, Operator storage mandate) private {
        emit OperatorSet(mandate.institution, account, mandate.roles, mandate.custodian, mandate.until);
    }
}
