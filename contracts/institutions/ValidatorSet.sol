// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IValidatorSet} from "../interfaces/institutions/IValidatorSet.sol";
import {Operators} from "./Operators.sol";

/// @title Voting members and their validators
abstract contract ValidatorSet is Operators, IValidatorSet {
    /// @dev With fewer than three there is no majority that survives one dead validator.
    uint8 private constant LOWEST_MINIMUM = 3;
    /// @dev Keeps the sort and the light proofs small; vote counts fit a byte.
    uint256 private constant MAXIMUM = 64;

    uint8 private immutable _minimumValidators;
    uint32[] private _voters;
    uint32 private _electorateEpoch;
    mapping(uint32 index => address validator) private _validatorOf;
    mapping(address validator => uint32 index) private _validatorOwner;
    mapping(uint32 epoch => bytes32 setHash) private _validatorSetHash;
    /// @dev Alone in its slot between mappings, as light proofs read it.
    uint32 private _validatorEpoch;

    constructor(uint8 minimum) {
        if (minimum < LOWEST_MINIMUM) revert TooFewValidators(minimum);
        _minimumValidators = minimum;
    }

    /// @inheritdoc IValidatorSet
    function getValidators() public view returns (address[] memory sorted) {
        uint256 count = _voters.length;
        sorted = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            address validator = _validatorOf[_voters[i]];
            uint256 slot = i;
            for (; slot > 0 && sorted[slot - 1] > validator; --slot) sorted[slot] = sorted[slot - 1];
            sorted[slot] = validator;
        }
    }

    /// @inheritdoc IValidatorSet
    function validatorEpoch() external view returns (uint32) {
        return _validatorEpoch;
    }

    /// @inheritdoc IValidatorSet
    function validatorSetHash(uint32 epoch) external view returns (bytes32) {
        return _validatorSetHash[epoch];
    }

    /// @inheritdoc IValidatorSet
    function votingMembers() external view returns (uint32[] memory) {
        return _voters;
    }

    /// @inheritdoc IValidatorSet
    function electorateEpoch() public view returns (uint32) {
        return _electorateEpoch;
    }

    /// @inheritdoc IValidatorSet
    function minimumValidators() external view returns (uint8) {
        return _minimumValidators;
    }

    /// @inheritdoc IValidatorSet
    function validatorOf(uint32 index) external view returns (address) {
        return _validatorOf[index];
    }

    /// @inheritdoc IValidatorSet
    function validatorOwner(address validator) external view returns (uint32) {
        return _validatorOwner[validator];
    }

    /// @dev Adds a voter; `_electorateChanged` or `_nextEpoch` has to follow.
    function _join(uint32 index, address validator) internal {
        Institution storage member = _known(index);
        if (member.sponsor != 0) revert SponsoredNeverVotes(index);
        if (member.voting) revert AlreadyVoting(index);
        member.voting = true;
        _voters.push(index);
        if (_voters.length > MAXIMUM) revert TooManyValidators(_voters.length);
        _giveValidator(index, validator);
    }

    /// @dev Removes a voter; `_electorateChanged` has to follow.
    function _leave(uint32 index) internal {
        Institution storage member = _known(index);
        if (!member.voting) revert NotVoting(index);
        uint256 last = _voters.length - 1;
        _requireEnough(last);
        for (uint256 i = 0; i < last; ++i) {
            if (_voters[i] == index) {
                _voters[i] = _voters[last];
                break;
            }
        }
        _voters.pop();
        member.voting = false;
        delete _validatorOf[index];
    }

    function _electorateChanged(uint32 index, bool voting) internal {
        emit VotingChanged(index, voting, ++_electorateEpoch);
        _nextEpoch();
    }

    function _replaceValidator(uint32 index, address validator) internal {
        if (!_known(index).voting) revert NotVoting(index);
        _giveValidator(index, validator);
        _nextEpoch();
    }

    /// @dev The founders' electorate and set, both number 1.
    function _openFirstEpoch() internal {
        _requireEnough(_voters.length);
        _electorateEpoch = 1;
        _nextEpoch();
    }

    function _nextEpoch() private {
        address[] memory validators = getValidators();
        uint32 epoch = ++_validatorEpoch;
        bytes32 setHash = keccak256(abi.encode(validators));
        _validatorSetHash[epoch] = setHash;
        emit ValidatorSetChanged(epoch, setHash, validators);
    }

    function _requireVoting(uint32 index) internal view {
        if (!_known(index).voting) revert NotVoting(index);
    }

    function _majority() internal view returns (uint8) {
        return uint8(_voters.length / 2 + 1);
    }

    function _sealsFor(address account) internal view override returns (uint32) {
        return _validatorOwner[account];
    }

    function _giveValidator(uint32 index, address validator) private {
        if (validator == address(0) || validator == _validatorOf[index]) revert ValidatorMismatch(true, validator);
        // A sealing key lies on a server that is always on line: it must not also vote or add keys.
        uint32 owner = _operatorOf(validator).institution;
        if (owner != 0) revert AccountTaken(validator, owner);
        owner = _validatorOwner[validator];
        if (owner != 0 && owner != index) revert AccountTaken(validator, owner);
        _validatorOwner[validator] = index;
        _validatorOf[index] = validator;
    }

    function _requireEnough(uint256 count) private view {
        if (count < _minimumValidators) revert TooFewValidators(uint8(count));
    }
}
