// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The registry's only clock
abstract contract Clock {
    /// @dev Korea keeps UTC+9 all year; quotas are counted by the Korean day.
    uint40 private constant KOREA = 9 hours;

    /// @dev Seconds of the block. Tests override it.
    function _time() internal view virtual returns (uint40) {
        return uint40(block.timestamp);
    }

    /// @dev Number of the Korean day.
    function _day() internal view returns (uint32) {
        return uint32((_time() + KOREA) / 1 days);
    }

    /// @dev The Korean midnight that ends the present day.
    function _nextDay() internal view returns (uint40) {
        return uint40(uint256(_day() + 1) * 1 days) - KOREA;
    }
}
