// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstitutionRegistry} from "../interfaces/IInstitutionRegistry.sol";

/// @title What every contract of the members shares: the registry that says who may act, and the clock
abstract contract Member {
    /// @notice There is no contract at the address given as registry. Deploy the registry first.
    error NoRegistry(address given);

    IInstitutionRegistry internal immutable _registry;

    constructor(IInstitutionRegistry institutions) {
        if (address(institutions).code.length == 0) revert NoRegistry(address(institutions));
        _registry = institutions;
    }

    /// @dev The institution that the caller may act for in this role; reverts with the registry's own errors.
    function _caller(uint16 role) internal view returns (uint32 institution) {
        return _registry.authorize(msg.sender, role);
    }

    /// @dev The one clock: seconds of the block. Tests override it.
    function _time() internal view virtual returns (uint40) {
        return uint40(block.timestamp);
    }
}
