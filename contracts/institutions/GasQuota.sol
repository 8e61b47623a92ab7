// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IGasQuota} from "../interfaces/institutions/IGasQuota.sol";
import {Operators} from "./Operators.sol";

/// @title Coins as a daily quota
abstract contract GasQuota is Operators, IGasQuota {
    /// @dev Pays for about 16,000 anchors at 1 gwei.
    uint128 private constant DAILY = 1 ether;

    struct Grants {
        uint32 day;
        uint128 amount; // wei granted on that day
    }

    mapping(address account => Grants grants) private _grants;

    /// @notice Refills the reserve.
    receive() external payable {}

    /// @inheritdoc IGasQuota
    function claimGas(address account) external {
        // Any role will do, but not none.
        _requireOperator(account);
        uint256 amount = gasAllowance(account);
        if (amount == 0) revert GasQuotaUsed(account, _nextDay());
        if (address(this).balance == 0) revert GasReserveEmpty();
        if (amount > address(this).balance) amount = address(this).balance;
        Grants storage today = _grants[account];
        today.amount = (today.day == _day() ? today.amount : 0) + uint128(amount);
        today.day = _day();
        emit GasGranted(account, amount);
        Address.sendValue(payable(account), amount);
    }

    /// @inheritdoc IGasQuota
    function gasAllowance(address account) public view returns (uint256) {
        Grants storage last = _grants[account];
        uint256 left = last.day == _day() ? DAILY - last.amount : DAILY;
        uint256 room = account.balance < DAILY ? DAILY - account.balance : 0;
        return room < left ? room : left;
    }

    function _requireOperator(address account) private view {
        authorize(account, _operatorOf(account).roles);
    }
}
