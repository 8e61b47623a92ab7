// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Kind, Standing, InstitutionNotActive} from "../interfaces/Common.sol";
import {IMembership} from "../interfaces/institutions/IMembership.sol";
import {Clock} from "./Clock.sol";

/// @title Institutions and their standing
abstract contract Membership is Clock, IMembership {
    mapping(uint32 index => Institution institution) private _institutions;
    mapping(uint32 index => bytes32 id) private _institutionIds;
    mapping(bytes32 id => uint32 index) private _indices;
    uint32 private _institutionCount;

    /// @inheritdoc IMembership
    function institution(uint32 index) external view returns (bytes32 id, Institution memory) {
        return (_institutionIds[index], _known(index));
    }

    /// @inheritdoc IMembership
    function institutionCount() external view returns (uint32) {
        return _institutionCount;
    }

    /// @inheritdoc IMembership
    function indexOf(bytes32 id) external view returns (uint32) {
        return _indices[id];
    }

    /// @dev Gives the next index. The caller emits Admitted, which also names the first admin.
    function _register(bytes32 id, Kind kind, uint32 sponsor, uint40 activeFrom) internal returns (uint32 index) {
        if (id == bytes32(0)) revert EmptyId();
        if (_indices[id] != 0) revert IdTaken(id, _indices[id]);
        if (kind == Kind.None) revert InvalidKind();
        index = ++_institutionCount;
        _indices[id] = index;
        _institutionIds[index] = id;
        Institution storage member = _institutions[index];
        member.kind = kind;
        member.standing = Standing.Active;
        member.sponsor = sponsor;
        member.admittedAt = _time();
        member.standingSince = activeFrom;
    }

    /// @dev Moves an institution to a standing. Whether the step is open is the caller's to check.
    function _changeStanding(uint32 index, Standing standing, uint40 doubtSince) internal {
        Institution storage member = _institutions[index];
        // An expulsion voted again only moves the doubt; it has held since the first.
        if (member.standing != standing) member.standingSince = _time();
        member.standing = standing;
        member.doubtSince = doubtSince;
        emit StandingChanged(index, standing, doubtSince);
    }

    function _setSuccessor(uint32 index, uint32 successor) internal {
        Institution storage member = _known(index);
        if (member.standing != Standing.Retired && member.standing != Standing.Expelled) {
            revert WrongStanding(index, member.standing);
        }
        _known(successor);
        _requireActive(successor);
        member.successor = successor;
        emit SuccessorSet(index, successor);
    }

    function _known(uint32 index) internal view returns (Institution storage member) {
        member = _institutions[index];
        if (member.standing == Standing.None) revert UnknownInstitution(index);
    }

    function _requireActive(uint32 index) internal view {
        Institution storage member = _institutions[index];
        if (member.standing != Standing.Active) revert InstitutionNotActive(index, member.standing);
        if (member.standingSince > _time()) revert NotYetActive(index, member.standingSince);
    }
}
