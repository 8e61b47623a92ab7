// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Kind, Standing} from "../Common.sol";

/// @title Who the institutions are
/// @notice Every institution has an index for ever, beginning with 1 for the first founder. Nothing here is changed by
/// a single party: see IProposals for votes and ISponsorship for pharmacies.
interface IMembership {
    /// @notice One institution; fits one storage slot, so that one storage proof shows all of it.
    struct Institution {
        Kind kind; // what it is
        Standing standing; // whether it may act
        bool voting; // runs a validator and decides with the others; only while Active
        uint32 sponsor; // association that admitted it, or 0 when the members voted
        uint32 successor; // may mark this institution's documents once it is Retired or Expelled; 0 none
        uint40 admittedAt; // block time of admission
        uint40 standingSince; // from when `standing` holds; in the future for a sponsored pharmacy that waits
        uint40 doubtSince; // Expelled only: documents anchored from here on are not trusted
    }

    /// @notice A founding institution, given to the constructor.
    struct Founder {
        bytes32 id; // public identifier, ASCII, right-padded with zeros, e.g. "krnpi:11100001"
        Kind kind;
        bool voting;
        address admin; // first operator, with role ADMIN alone
        address validator; // sealing account; non-zero exactly when `voting`
    }

    /// @notice A new institution got `index`. `admin` is its first operator (role ADMIN alone). `activeFrom` is later
    /// than the block for a sponsored pharmacy. `id` is a public identifier of an institution, never of a person.
    event Admitted(
        uint32 indexed index,
        bytes32 indexed id,
        Kind kind,
        bool voting,
        uint32 indexed sponsor,
        address admin,
        uint40 activeFrom
    );
    /// @notice The institution's standing is now `standing`; `doubtSince` is 0 unless Expelled.
    event StandingChanged(uint32 indexed institution, Standing standing, uint40 doubtSince);
    /// @notice `successor` may mark the documents of `institution` from now on.
    event SuccessorSet(uint32 indexed institution, uint32 successor);

    /// @notice An institution's identifier cannot be empty.
    error EmptyId();
    /// @notice The identifier belongs to institution `by`, for ever.
    error IdTaken(bytes32 id, uint32 by);
    /// @notice `Kind.None` is not a kind to be admitted as.
    error InvalidKind();
    /// @notice No institution has this index.
    error UnknownInstitution(uint32 institution);
    /// @notice The institution is Active but not before `activeFrom` (sponsored pharmacies wait).
    error NotYetActive(uint32 institution, uint40 activeFrom);
    /// @notice The step is not open from the standing `found`.
    error WrongStanding(uint32 institution, Standing found);
    /// @notice `doubtSince` must lie in 1..now (and before the earlier one) for Expelled, and be 0 otherwise.
    error InvalidDoubt(uint40 doubtSince);

    /// @notice The institution with this index.
    /// @dev Reverts with UnknownInstitution.
    /// @return id its public identifier, ASCII, right-padded with zeros
    function institution(uint32 index) external view returns (bytes32 id, Institution memory);

    /// @notice How many institutions were ever admitted; indices run from 1 to this number.
    function institutionCount() external view returns (uint32);

    /// @notice The index of the institution with this identifier, or 0.
    function indexOf(bytes32 id) external view returns (uint32);
}
