// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Who votes and who seals blocks
/// @notice Each voting member runs exactly one validator, so both sets have the same size and never fall below
/// `minimumValidators` (3 on Clique, 4 on QBFT; given to the constructor). The set here is the truth: Clique's own votes
/// are cast to match it, Besu reads it by `getValidators`, light proofs follow `validatorSetHash` from epoch to epoch.
interface IValidatorSet {
    /// @notice From this block on the validators are `validators` (ascending); `setHash` is
    /// `keccak256(abi.encode(validators))` and never changes for this epoch.
    event ValidatorSetChanged(uint32 indexed epoch, bytes32 setHash, address[] validators);
    /// @notice The institution votes, or no longer votes. Every open proposal is void: a new electorate decides anew.
    event VotingChanged(uint32 indexed institution, bool voting, uint32 electorateEpoch);

    /// @notice The step would leave only `left` validators (or the constructor was given a minimum below three).
    error TooFewValidators(uint8 left);
    /// @notice More than 64 validators are not provided for.
    error TooManyValidators(uint256 count);
    /// @notice Only voting members do this.
    error NotVoting(uint32 institution);
    /// @notice The institution votes already.
    error AlreadyVoting(uint32 institution);
    /// @notice A voting member has a validator and no other institution has one.
    error ValidatorMismatch(bool voting, address validator);
    /// @notice A sponsored institution never votes.
    error SponsoredNeverVotes(uint32 institution);

    /// @notice The present validators in ascending order. The name and shape Besu's contract validator selection calls.
    function getValidators() external view returns (address[] memory);

    /// @notice Number of the present validator set; the founders' is 1.
    function validatorEpoch() external view returns (uint32);

    /// @notice `keccak256(abi.encode(address[] ascending))` of the set of an epoch; zero for an epoch not reached.
    function validatorSetHash(uint32 epoch) external view returns (bytes32);

    /// @notice The institutions that vote now, in no particular order.
    function votingMembers() external view returns (uint32[] memory);

    /// @notice Grows by one whenever the voting members change.
    function electorateEpoch() external view returns (uint32);

    /// @notice Fewest voting members this network may have.
    function minimumValidators() external view returns (uint8);

    /// @notice The present validator of a voting member, zero for any other institution.
    function validatorOf(uint32 index) external view returns (address);

    /// @notice The institution that `validator` seals or ever sealed for; 0 for an account that never did. An account
    /// seals for one institution for ever, so any old block tells whose it is.
    function validatorOwner(address validator) external view returns (uint32);
}
