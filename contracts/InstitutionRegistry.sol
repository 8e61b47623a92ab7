// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {IInstitutionRegistry} from "./interfaces/IInstitutionRegistry.sol";
import {Actions} from "./institutions/Actions.sol";
import {GasQuota} from "./institutions/GasQuota.sol";
import {ValidatorSet} from "./institutions/ValidatorSet.sol";

/// @title The registry of institutions
/// @notice See IInstitutionRegistry, the manual. This contract only puts the parts together and takes the founders in.
contract InstitutionRegistry is Actions, GasQuota, IInstitutionRegistry {
    constructor(
        Founder[] memory founders,
        ContractEntry[] memory contracts,
        uint8 minimum
    ) payable ValidatorSet(minimum) {
        for (uint256 i = 0; i < founders.length; ++i) {
            Founder memory founder = founders[i];
            _admit(
                Admission(founder.id, founder.kind, founder.voting, founder.admin, founder.validator, 0, false),
                _time()
            );
        }
        _openFirstEpoch();
        // No code is asked for: the contracts named here are deployed right after this one.
        for (uint256 i = 0; i < contracts.length; ++i) _enter(contracts[i].name, contracts[i].location);
    }

    /// @inheritdoc IInstitutionRegistry
    function nonces(address account) public view override(IInstitutionRegistry, Nonces) returns (uint256) {
        return super.nonces(account);
    }
}
