// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How voting members decide
/// @notice The voters are those of the moment of the proposal: any change of the voting members voids every open
/// proposal. A proposal passes with more than half of them and is executed once, within seven days. The deployer has no
/// part in it.
///
/// Payloads, ABI-encoded (`abi.encode`), by action:
/// - Admit `(bytes32 id, Kind kind, bool voting, address admin, address validator, bytes acceptance)`: a new
///   institution; `acceptance` is `admin`'s signature over `InstitutionAcceptance` (ISponsorship) with sponsor 0 and
///   custodial false.
/// - SetStanding `(uint32 index, Standing standing, uint40 doubtSince)`: Active ↔ Suspended; either → Retired; any →
///   Expelled with `doubtSince` in 1..now (again only to an earlier one). Retired and Expelled do not come back. A voting
///   member that is not Active any more votes and seals no longer; after its return SetVoting restores it.
/// - SetVoting `(uint32 index, bool voting, address validator)`: gives or takes the vote and the validator with it.
/// - SetValidator `(uint32 index, address validator)`: another sealing account for a voting member.
/// - SetSuccessor `(uint32 index, uint32 successor)`: who marks the documents of a Retired or Expelled institution.
/// - RecoverAdmin `(uint32 index, address admin, address[] revoked, bytes acceptance)`: a new ADMIN for an institution
///   that lost its own; the accounts in `revoked` end. `acceptance` is `admin`'s over `OperatorAcceptance` (IOperators)
///   with role ADMIN and no custodian. Executable two days after it passed, unless vetoed. Not for Expelled ones.
/// - BackdateCompromise `(address account, bytes32 kid, uint40 since)`: a key (account zero) or an operator (kid zero)
///   counts as compromised since then: the first declaration, or earlier than declared.
/// - SetContract `(bytes32 name, address location)`: the directory from this block on; zero ends the job.
/// - SetSponsorLimit `(uint32 sponsor, uint32 perDay)`: pharmacies an association may admit a day.
interface IProposals {
    enum Action {
        Admit,
        SetStanding,
        SetVoting,
        SetValidator,
        SetSuccessor,
        RecoverAdmin,
        BackdateCompromise,
        SetContract,
        SetSponsorLimit
    }

    /// @notice A proposal; fits one storage slot, its payload lies apart.
    struct Proposal {
        Action action;
        uint32 by; // institution that proposed
        uint32 electorateEpoch; // the electorate that decides; void under another
        uint40 expires; // last second to vote and, RecoverAdmin apart, to execute
        uint40 passedAt; // when the deciding vote came; 0 not yet
        uint8 yes;
        uint8 no;
        uint8 needed; // votes to pass: more than half of the voters
        bool executed;
        bool vetoed; // RecoverAdmin only
    }

    /// @notice Open for votes until `expires`; the proposer's own vote is not counted yet.
    event Proposed(
        uint256 indexed proposalId,
        Action action,
        uint32 indexed by,
        uint32 electorateEpoch,
        uint40 expires,
        bytes payload
    );
    /// @notice Institution `by` voted.
    event Voted(uint256 indexed proposalId, uint32 indexed by, bool yes);
    /// @notice The proposal is carried out.
    event Executed(uint256 indexed proposalId);
    /// @notice The present admin of the institution concerned stopped the recovery for good.
    event RecoveryVetoed(uint256 indexed proposalId, uint32 indexed by);

    /// @notice The electorate changed since the proposal.
    error ProposalVoid(uint256 id, uint32 epochThen, uint32 epochNow);
    /// @notice Each voter votes once and does not change it.
    error AlreadyVoted(uint256 id, uint32 by);
    /// @notice `yes` votes are fewer than `needed`.
    error NotPassed(uint256 id, uint8 yes, uint8 needed);
    /// @notice A proposal is carried out once.
    error AlreadyExecuted(uint256 id);
    /// @notice No such proposal.
    error UnknownProposal(uint256 id);
    /// @notice The payload is not the ABI encoding that the action takes.
    error MalformedPayload(Action action);
    /// @notice A recovery can be carried out from `due` on.
    error RecoveryNotDue(uint256 id, uint40 due);
    /// @notice The recovery was vetoed.
    error Vetoed(uint256 id);
    /// @notice Only a RecoverAdmin can be vetoed.
    error NotRecovery(uint256 id, Action found);

    /// @notice Puts an action to the vote. The payload's form is checked here, its sense when it is executed.
    /// @dev Caller: ADMIN of a voting member. Emits Proposed. Reverts with NotVoting, MalformedPayload.
    function propose(Action action, bytes calldata payload) external returns (uint256 proposalId);

    /// @notice Votes yes or no, once.
    /// @dev Caller: ADMIN of a voting member. Emits Voted. Reverts with UnknownProposal, AlreadyExecuted, Vetoed,
    /// ProposalVoid, DeadlinePassed, NotVoting, AlreadyVoted.
    function vote(uint256 proposalId, bool yes) external;

    /// @notice Carries out a proposal that passed; the errors and events of the action apply.
    /// @dev Caller: anyone; the votes are the authority. Reverts with UnknownProposal, AlreadyExecuted, Vetoed,
    /// ProposalVoid, NotPassed, RecoveryNotDue, DeadlinePassed.
    function execute(uint256 proposalId) external;

    /// @notice Stops a RecoverAdmin for good: the lost key turns out not to be lost.
    /// @dev Caller: a present ADMIN of the institution concerned while that is Active, nobody else: one voting member
    /// must not block what the others decided, and a majority must not take over an institution that can still speak.
    /// Where a thief holds the key, the members suspend the institution first, recover, and lift the suspension.
    /// Emits RecoveryVetoed. Reverts with UnknownProposal, NotRecovery, AlreadyExecuted, NotAuthorized.
    function vetoRecovery(uint256 proposalId) external;

    /// @notice Reverts, without data, unless `payload` is the ABI encoding that `action` takes.
    function checkPayload(Action action, bytes calldata payload) external pure;

    /// @notice A proposal and its payload. Reverts with UnknownProposal.
    function proposal(uint256 proposalId) external view returns (Proposal memory, bytes memory payload);

    /// @notice How many proposals were ever made; ids run from 1 to this number.
    function proposalCount() external view returns (uint256);

    /// @notice Whether the institution voted on the proposal.
    function hasVoted(uint256 proposalId, uint32 index) external view returns (bool);
}
