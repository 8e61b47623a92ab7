// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TransferLedger} from "../TransferLedger.sol";
import {IInstitutionRegistry} from "../interfaces/IInstitutionRegistry.sol";

/// @title TransferLedger with a clock that tests set by hand
contract TestTransferLedger is TransferLedger {
    uint40 private _now = 1_767_225_600; // 2026-01-01T00:00:00Z

    constructor(IInstitutionRegistry institutions) TransferLedger(institutions) {}

    function setTime(uint40 time) external {
        _now = time;
    }

    function _time() internal view override returns (uint40) {
        return _now;
    }
}
