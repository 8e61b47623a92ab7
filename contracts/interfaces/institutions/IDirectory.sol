// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Which contract does a job, and did when
/// @notice There are no upgrade proxies: a job's contract is replaced by vote (SetContract), and the directory keeps
/// every period. History only grows; a gap, once passed, stays a gap.
interface IDirectory {
    /// @notice A contract's place in the directory at construction.
    struct ContractEntry {
        bytes32 name; // e.g. bytes32("DocumentRegistry")
        address location;
    }

    /// @notice A contract did the job from `since` until `until` (not included; 0: still does).
    struct ContractPeriod {
        address location;
        uint40 since;
        uint40 until;
    }

    /// @notice From this block on, `location` does the job `name`; zero: nobody.
    event ContractSet(bytes32 indexed name, address location, uint40 since);

    /// @notice A job needs a name.
    error EmptyName();
    /// @notice There is no code at `location` (a later entry must be deployed before it is voted on).
    error NoCode(address location);
    /// @notice `location` is what the directory says already.
    error ContractUnchanged(bytes32 name, address location);

    /// @notice The contract that did the job at `time`; zero where there was none. A future time asks for what the
    /// directory knows now.
    function contractAt(bytes32 name, uint40 time) external view returns (address);

    /// @notice Every period of a job, oldest first, gaps left out.
    function contractHistory(bytes32 name) external view returns (ContractPeriod[] memory);
}
