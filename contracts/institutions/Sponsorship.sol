// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Kind, ROLE_ADMIN, Standing} from "../interfaces/Common.sol";
import {ISponsorship} from "../interfaces/institutions/ISponsorship.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// @title Admission, and pharmacies admitted by their association
abstract contract Sponsorship is ValidatorSet, ISponsorship {
    uint40 private constant WAITING_TIME = 24 hours;
    uint32 private constant DEFAULT_LIMIT = 50;

    struct SponsorQuota {
        bool voted; // `perDay` was voted; the default holds otherwise
        uint32 perDay;
        uint32 day;
        uint32 used; // admissions on that day
    }

    mapping(uint32 sponsor => SponsorQuota quota) private _sponsorQuotas;

    /// @inheritdoc ISponsorship
    function admitSponsored(
        bytes32 id,
        address admin,
        bool custodial,
        bytes calldata acceptance
    ) external returns (uint32 index) {
        uint32 sponsor = authorize(msg.sender, ROLE_ADMIN);
        if (_known(sponsor).kind != Kind.Association) revert NotSponsor(0, sponsor);
        _useQuota(sponsor);
        Admission memory admission = Admission(id, Kind.Pharmacy, false, admin, address(0), sponsor, custodial);
        _requireSigned(_admissionDigest(admission), admin, acceptance);
        return _admit(admission, _time() + WAITING_TIME);
    }

    /// @inheritdoc ISponsorship
    function suspendSponsored(uint32 index, uint8 reason) external {
        uint32 sponsor = authorize(msg.sender, ROLE_ADMIN);
        if (_known(index).sponsor != sponsor) revert NotSponsor(index, sponsor);
        _suspend(index);
        emit SponsoredSuspended(index, sponsor, reason);
    }

    /// @inheritdoc ISponsorship
    function contestSponsored(uint32 index) external {
        uint32 voter = authorize(msg.sender, ROLE_ADMIN);
        _requireVoting(voter);
        if (_known(index).sponsor == 0) revert NotSponsored(index);
        _suspend(index);
        emit SponsoredContested(index, voter);
    }

    /// @inheritdoc ISponsorship
    function sponsorAllowance(uint32 sponsor) public view returns (uint32 left, uint32 perDay) {
        if (_known(sponsor).kind != Kind.Association) return (0, 0);
        SponsorQuota storage quota = _sponsorQuotas[sponsor];
        perDay = quota.voted ? quota.perDay : DEFAULT_LIMIT;
        uint32 used = quota.day == _day() ? quota.used : 0;
        left = perDay > used ? perDay - used : 0;
    }

    /// @dev Makes an institution with its first admin and, for a voting one, its validator.
    function _admit(Admission memory admission, uint40 activeFrom) internal returns (uint32 index) {
        index = _register(admission.id, admission.kind, admission.sponsor, activeFrom);
        emit Admitted(
            index,
            admission.id,
            admission.kind,
            admission.voting,
            admission.sponsor,
            admission.admin,
            activeFrom
        );
        _setOperator(admission.admin, index, ROLE_ADMIN, admission.custodial ? admission.sponsor : 0);
        if (admission.voting) _join(index, admission.validator);
        else if (admission.validator != address(0)) revert ValidatorMismatch(false, admission.validator);
    }

    function _setSponsorLimit(uint32 sponsor, uint32 perDay) internal {
        if (_known(sponsor).kind != Kind.Association) revert NotSponsor(0, sponsor);
        SponsorQuota storage quota = _sponsorQuotas[sponsor];
        quota.voted = true;
        quota.perDay = perDay;
        emit SponsorLimitSet(sponsor, perDay);
    }

    function _useQuota(uint32 sponsor) private {
        (uint32 left, ) = sponsorAllowance(sponsor);
        if (left == 0) revert SponsorLimit(sponsor);
        SponsorQuota storage quota = _sponsorQuotas[sponsor];
        quota.used = quota.day == _day() ? quota.used + 1 : 1;
        quota.day = _day();
    }

    function _suspend(uint32 index) private {
        Standing found = _known(index).standing;
        if (found != Standing.Active) revert WrongStanding(index, found);
        _changeStanding(index, Standing.Suspended, 0);
    }
}
