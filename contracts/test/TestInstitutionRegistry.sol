// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InstitutionNotActive, Kind, NotAuthorized, Standing} from "../interfaces/Common.sol";
import {IMembership} from "../interfaces/institutions/IMembership.sol";

/// @title Double of the part of IInstitutionRegistry that other contracts call
/// @notice Whoever calls sets who is what, so that a test can put any institution in any standing at once.
contract TestInstitutionRegistry {
    struct Account {
        uint32 institution;
        uint16 roles;
    }

    mapping(uint32 index => IMembership.Institution institution) private _institutions;
    mapping(address account => Account operator) private _operators;

    function setInstitution(uint32 index, Standing standing, uint32 successor, uint40 standingSince) external {
        IMembership.Institution storage changed = _institutions[index];
        changed.kind = Kind.Hospital;
        changed.standing = standing;
        changed.successor = successor;
        changed.standingSince = standingSince;
    }

    function setOperator(address account, uint32 index, uint16 roles) external {
        _operators[account] = Account(index, roles);
    }

    function institution(uint32 index) external view returns (bytes32 id, IMembership.Institution memory) {
        if (_institutions[index].kind == Kind.None) revert IMembership.UnknownInstitution(index);
        return (bytes32(uint256(index)), _institutions[index]);
    }

    function authorize(address account, uint16 role) external view returns (uint32) {
        Account memory found = _operators[account];
        if (found.roles & role != role) revert NotAuthorized(account, role);
        Standing standing = _institutions[found.institution].standing;
        if (standing != Standing.Active) revert InstitutionNotActive(found.institution, standing);
        return found.institution;
    }
}
