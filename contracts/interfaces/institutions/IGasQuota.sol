// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Fees as a quota
/// @notice Coins of this chain buy nothing; they bound what one account can send. The registry holds them (payable
/// constructor, plain transfers) and tops operators up: at most 1 coin a Korean day each, and never above 1 coin held,
/// so that nothing is hoarded.
interface IGasQuota {
    /// @notice `operator` was given `amount` wei.
    event GasGranted(address indexed operator, uint256 amount);

    /// @notice The account holds its coin or had its quota; more from `nextDay` (next Korean midnight) on.
    error GasQuotaUsed(address operator, uint40 nextDay);
    /// @notice The registry has no coins left: a member sends some.
    error GasReserveEmpty();

    /// @notice Tops up an operator (pays what is there if the reserve is short).
    /// @dev Caller: anyone, since an operator without coins cannot send. The operator must be in force and its
    /// institution Active (errors of `authorize`, role 0 for who is no operator). Emits GasGranted. Reverts with
    /// GasQuotaUsed, GasReserveEmpty.
    function claimGas(address account) external;

    /// @notice What `claimGas` would grant now in wei, were the account an operator in force and the reserve full.
    function gasAllowance(address account) external view returns (uint256);
}
