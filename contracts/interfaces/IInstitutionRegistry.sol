// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDirectory} from "./institutions/IDirectory.sol";
import {IDocumentKeys} from "./institutions/IDocumentKeys.sol";
import {IGasQuota} from "./institutions/IGasQuota.sol";
import {IMembership} from "./institutions/IMembership.sol";
import {IOperators} from "./institutions/IOperators.sol";
import {IProposals} from "./institutions/IProposals.sol";
import {ISponsorship} from "./institutions/ISponsorship.sol";
import {IValidatorSet} from "./institutions/IValidatorSet.sol";

/// @title The registry of institutions: the root of trust of a Saegim network
/// @notice One contract, eight jobs, a page of the manual for each:
/// - IMembership: who the institutions are and in what standing
/// - IOperators: accounts, roles, custodians; `authorize`
/// - IValidatorSet: who votes and who seals blocks; the hashes light proofs follow
/// - ISponsorship: pharmacies admitted by their association
/// - IProposals: how voting members decide (votes, payloads of each action, recovery)
/// - IDocumentKeys: P-256 keys of documents
/// - IDirectory: which contract does a job, and did when
/// - IGasQuota: coins as a daily quota
///
/// Constructor: `(Founder[] founders, ContractEntry[] contracts, uint8 minimumValidators)`, payable. Founders become
/// Active in order, index 1..n, without a signature (the members' signed trust file is their acceptance);
/// `minimumValidators` is 3 on Clique and 4 on QBFT. The deployer keeps no right. Coins sent along are the gas reserve.
///
/// Signatures are EIP-712, domain name "Saegim InstitutionRegistry", version "1", this chain and this contract.
interface IInstitutionRegistry is
    IMembership,
    IOperators,
    IValidatorSet,
    ISponsorship,
    IProposals,
    IDocumentKeys,
    IDirectory,
    IGasQuota
{
    /// @notice Number that the next acceptance signed by `account` must carry; each is used once.
    function nonces(address account) external view returns (uint256);
}
