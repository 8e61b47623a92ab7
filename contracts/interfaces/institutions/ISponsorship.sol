// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Pharmacies admitted by their association
/// @notice Some 25,000 pharmacies cannot each be voted in. An Active association *sponsors* them: never voting, so many
/// a day (Korean day; 50 unless the members vote another limit), acting only after 24 hours, and in that time or later
/// contestable by any voting member. Whoever suspended a sponsored pharmacy, it comes back by vote only (SetStanding).
/// A sponsor that is itself suspended or expelled admits nobody; pharmacies it admitted before go on, unless it is their
/// custodian.
interface ISponsorship {
    /// @notice The sponsor suspended its pharmacy; `reason` is a code of the operations handbook, never text.
    event SponsoredSuspended(uint32 indexed institution, uint32 indexed by, uint8 reason);
    /// @notice A voting member contested the admission; the pharmacy is Suspended.
    event SponsoredContested(uint32 indexed institution, uint32 indexed by);
    /// @notice The members voted a daily limit for the sponsor; 0 stops it.
    event SponsorLimitSet(uint32 indexed sponsor, uint32 perDay);

    /// @notice Only an association (`caller` for a new admission, else the one that admitted `institution`) may do this.
    error NotSponsor(uint32 institution, uint32 caller);
    /// @notice The sponsor used up the limit of this Korean day.
    error SponsorLimit(uint32 sponsor);
    /// @notice The institution was voted in, not sponsored: only a vote changes its standing.
    error NotSponsored(uint32 institution);

    /// @notice Admits a pharmacy that acts from 24 hours after this block on.
    /// @param id its public identifier, ASCII, right-padded with zeros
    /// @param admin its first operator, role ADMIN alone
    /// @param custodial true when the association keeps the key of `admin` for the pharmacy
    /// @param acceptance EIP-712 signature by `admin` over `InstitutionAcceptance(bytes32 id,uint8 kind,bool voting,
    /// address admin,address validator,uint32 sponsor,bool custodial,uint256 nonce)` with kind Pharmacy, voting false,
    /// validator zero and `nonce = nonces(admin)`
    /// @dev Caller: ADMIN of an Active association. Emits Admitted, OperatorSet. Reverts with NotSponsor, SponsorLimit,
    /// EmptyId, IdTaken, AccountTaken, BadSignature.
    /// @return index the new institution's index
    function admitSponsored(
        bytes32 id,
        address admin,
        bool custodial,
        bytes calldata acceptance
    ) external returns (uint32 index);

    /// @notice Suspends a pharmacy the caller's association admitted.
    /// @dev Caller: ADMIN of the sponsor. Emits StandingChanged, SponsoredSuspended. Reverts with NotSponsor,
    /// WrongStanding.
    function suspendSponsored(uint32 index, uint8 reason) external;

    /// @notice Contests a sponsored pharmacy, in its waiting time or later: it is suspended until the members vote.
    /// @dev Caller: ADMIN of any voting member. Emits StandingChanged, SponsoredContested. Reverts with NotVoting,
    /// NotSponsored, WrongStanding.
    function contestSponsored(uint32 index) external;

    /// @notice How many pharmacies the sponsor may still admit today, and its limit a day.
    function sponsorAllowance(uint32 sponsor) external view returns (uint32 left, uint32 perDay);
}
