// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {BadSignature, Kind, KeyPurpose} from "../interfaces/Common.sol";

/// @title What accounts and keys sign before they are taken in (EIP-712)
/// @dev chain/signing.py builds the same messages.
abstract contract Acceptances is EIP712, Nonces {
    /// @dev Everything that makes a new institution.
    struct Admission {
        bytes32 id;
        Kind kind;
        bool voting;
        address admin;
        address validator;
        uint32 sponsor;
        bool custodial;
    }

    bytes32 private constant INSTITUTION_ACCEPTANCE =
        keccak256(
            "InstitutionAcceptance(bytes32 id,uint8 kind,bool voting,address admin,address validator,uint32 sponsor,bool custodial,uint256 nonce)"
        );
    bytes32 private constant OPERATOR_ACCEPTANCE =
        keccak256(
            "OperatorAcceptance(uint32 institution,address account,uint16 roles,uint32 custodian,uint256 nonce)"
        );
    bytes32 private constant KEY_POSSESSION =
        keccak256(
            "KeyPossession(uint32 institution,bytes32 kid,uint8 purpose,uint40 validFrom,uint40 validUntil)"
        );

    constructor() EIP712("Saegim InstitutionRegistry", "1") {}

    /// @dev Uses up the admin's nonce.
    function _admissionDigest(Admission memory admission) internal returns (bytes32) {
        // All fields of the struct are static, so its encoding is the concatenation of their words.
        bytes memory fields = abi.encode(admission);
        return
            _hashTypedDataV4(
                keccak256(abi.encodePacked(INSTITUTION_ACCEPTANCE, fields, _useNonce(admission.admin)))
            );
    }

    /// @dev Uses up the account's nonce.
    function _operatorDigest(
        uint32 index,
        address account,
        uint16 roles,
        uint32 custodian
    ) internal returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(OPERATOR_ACCEPTANCE, index, account, roles, custodian, _useNonce(account))
                )
            );
    }

    function _keyDigest(
        uint32 index,
        bytes32 kid,
        KeyPurpose purpose,
        uint40 validFrom,
        uint40 validUntil
    ) internal view returns (bytes32) {
        return
            _hashTypedDataV4(keccak256(abi.encode(KEY_POSSESSION, index, kid, purpose, validFrom, validUntil)));
    }

    /// @dev Who signed, or zero for bytes that are no signature.
    function _signer(bytes32 digest, bytes memory signature) internal pure returns (address signer) {
        (signer, , ) = ECDSA.tryRecover(digest, signature);
    }

    function _requireSigned(bytes32 digest, address account, bytes memory signature) internal pure {
        address signer = _signer(digest, signature);
        if (signer == address(0) || signer != account) revert BadSignature(signer);
    }
}
