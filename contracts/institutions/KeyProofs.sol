// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {IDocumentKeys} from "../interfaces/institutions/IDocumentKeys.sol";

/// @title P-256 arithmetic of the registry, without state
/// @dev A contract of its own because a contract's code is limited (EIP-170). The registry's constructor makes it, so
/// its address and code are as fixed as the registry's and a deployment stays one transaction.
contract KeyProofs {
    /// @notice RFC 7638 thumbprint of a P-256 key.
    function thumbprint(bytes32 x, bytes32 y) public pure returns (bytes32) {
        // The required members in lexicographic order, without white space.
        return
            sha256(
                abi.encodePacked(
                    '{"crv":"P-256","kty":"EC","x":"',
                    Base64.encodeURL(abi.encode(x)),
                    '","y":"',
                    Base64.encodeURL(abi.encode(y)),
                    '"}'
                )
            );
    }

    /// @notice Reverts unless (x, y) is on the curve, `kid` its thumbprint, and (r, s) its ES256 signature over the
    /// 32 bytes `message`, with s in the lower half.
    function requireProof(bytes32 kid, bytes32 x, bytes32 y, bytes32 message, bytes32 r, bytes32 s) external view {
        if (!P256.isValidPublicKey(x, y)) revert IDocumentKeys.NotOnCurve(x, y);
        bytes32 computed = thumbprint(x, y);
        if (computed != kid) revert IDocumentKeys.WrongThumbprint(kid, computed);
        if (!P256.verify(sha256(abi.encode(message)), r, s, x, y)) revert IDocumentKeys.PossessionNotProven(kid);
    }
}
