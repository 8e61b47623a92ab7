// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDirectory} from "../interfaces/institutions/IDirectory.sol";
import {Clock} from "./Clock.sol";

/// @title Directory of contracts by name and time
abstract contract Directory is Clock, IDirectory {
    /// @dev In force from `since` until the next entry; a zero location is a gap.
    struct Entry {
        address location;
        uint40 since;
    }

    mapping(bytes32 name => Entry[] entries) private _directory;

    /// @inheritdoc IDirectory
    function contractAt(bytes32 name, uint40 time) external view returns (address) {
        Entry[] storage entries = _directory[name];
        // Newest first: the present is asked for most, and of two entries in one second the later one holds.
        for (uint256 i = entries.length; i > 0; --i) {
            if (entries[i - 1].since <= time) return entries[i - 1].location;
        }
        return address(0);
    }

    /// @inheritdoc IDirectory
    function contractHistory(bytes32 name) external view returns (ContractPeriod[] memory periods) {
        Entry[] storage entries = _directory[name];
        uint256 count = entries.length;
        uint256 found = 0;
        for (uint256 i = 0; i < count; ++i) if (entries[i].location != address(0)) ++found;
        periods = new ContractPeriod[](found);
        found = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (entries[i].location == address(0)) continue;
            uint40 until = i + 1 < count ? entries[i + 1].since : 0;
            periods[found++] = ContractPeriod(entries[i].location, entries[i].since, until);
        }
    }

    /// @dev Appends; nothing earlier is ever touched.
    function _enter(bytes32 name, address location) internal {
        if (name == bytes32(0)) revert EmptyName();
        Entry[] storage entries = _directory[name];
        uint256 count = entries.length;
        address present = count == 0 ? address(0) : entries[count - 1].location;
        if (present == location) revert ContractUnchanged(name, location);
        entries.push(Entry(location, _time()));
        emit ContractSet(name, location, _time());
    }

    function _setContract(bytes32 name, address location) internal {
        if (location != address(0) && location.code.length == 0) revert NoCode(location);
        _enter(name, location);
    }
}
