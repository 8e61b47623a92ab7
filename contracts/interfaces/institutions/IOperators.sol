// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Accounts that act for institutions
/// @notice An account acts for one institution for ever. It is added by the institution's ADMIN and proves possession:
/// its own EIP-712 signature is the acceptance. Roles are a bit mask, each stands alone (ADMIN includes no other).
///
/// A pharmacy that keeps no key of its own has an association keep one for it: the account is the *pharmacy's* operator
/// (`authorize` answers the pharmacy) and names the association as `custodian`, so that every receipt can say who held
/// the key. The association consents by the signature of one of its ADMINs beside the account's own; nobody else than
/// an association can be custodian, never a hospital. When the custodian is not Active its accounts stop.
interface IOperators {
    /// @notice One operator account; fits one storage slot.
    struct Operator {
        uint32 institution; // for whom it acts, for ever
        uint32 custodian; // association that keeps the key, 0: the institution itself
        uint16 roles; // bit mask, see Common.sol
        uint40 since; // block time of the latest acceptance
        uint40 until; // first moment at which it no longer acts; 0 open
        uint40 compromisedSince; // acts from here on may be another's; 0 never declared; earlier by vote only
    }

    /// @notice `account` now acts for `institution` with `roles` until `until` (0: open).
    event OperatorSet(
        uint32 indexed institution,
        address indexed account,
        uint16 roles,
        uint32 custodian,
        uint40 until
    );
    /// @notice Acts of `account` from `since` on may be another's.
    event OperatorCompromised(uint32 indexed institution, address indexed account, uint40 since);

    /// @notice The account acts, or seals, for institution `by`, for ever.
    error AccountTaken(address account, uint32 by);
    /// @notice The zero account can hold nothing.
    error EmptyAccount();
    /// @notice The mask is empty or names a role that does not exist.
    error InvalidRoles(uint16 roles);
    /// @notice Custodian must be an Active association other than the institution itself.
    error InvalidCustodian(uint32 custodian);
    /// @notice The account acted from `since` until `until` and no longer does.
    error OperatorEnded(address account, uint40 since, uint40 until);
    /// @notice The account was declared compromised; it never acts again.
    error AccountCompromised(address account, uint40 since);
    /// @notice A compromise cannot begin in the future.
    error CompromiseInFuture(uint40 since);
    /// @notice An institution alone dates a compromise back 30 days at most, to `earliest`; further is for a vote
    /// (BackdateCompromise), because it takes away trust that others rely on.
    error CompromiseTooEarly(uint40 since, uint40 earliest);
    /// @notice A compromise declared as `since` moves to earlier only, and only by vote.
    error CompromiseDeclared(uint40 since);
    /// @notice An end lies after now and before the present end.
    error InvalidEnd(uint40 until);

    /// @notice Adds an operator, or gives one of its own a new mandate (roles, custodian, `since`).
    /// @dev Caller: ADMIN of an Active institution. `acceptance` is the 65-byte EIP-712 signature by `account` over
    /// `OperatorAcceptance(uint32 institution,address account,uint16 roles,uint32 custodian,uint256 nonce)` with
    /// `nonce = nonces(account)`; with a custodian, 65 more bytes: the same digest signed by an ADMIN of the custodian.
    /// Emits OperatorSet. Reverts with AccountTaken, AccountCompromised, InvalidRoles, InvalidCustodian, BadSignature;
    /// with the errors of `authorize` if the caller, the custodian or the custodian's signer may not do this.
    function addOperator(address account, uint16 roles, uint32 custodian, bytes calldata acceptance) external;

    /// @notice Plans the end of an operator: it acts until `until` (not included). Only ever shortens.
    /// @dev Caller: ADMIN of its institution, in any standing (it only takes away). Emits OperatorSet.
    /// Reverts with NotAuthorized (another institution's account), OperatorEnded, InvalidEnd.
    function endOperator(address account, uint40 until) external;

    /// @notice Ends an operator at once. A `compromisedSince` other than 0 also declares its acts since then doubtful;
    /// that may follow later than the end, once.
    /// @dev Caller: ADMIN of its institution, in any standing. An ADMIN may end itself; RecoverAdmin brings back an
    /// institution that has none left. Emits OperatorSet (if it had not ended) and, with a compromise,
    /// OperatorCompromised. Reverts with NotAuthorized (another institution's account), OperatorEnded,
    /// CompromiseInFuture, CompromiseTooEarly, CompromiseDeclared.
    function revokeOperator(address account, uint40 compromisedSince) external;

    /// @notice The institution `account` acts for with `role`, now. The one question every contract asks.
    /// @dev `role` may be several bits: all are needed. Reverts with NotAuthorized (no operator, or without the role),
    /// AccountCompromised, OperatorEnded, InstitutionNotActive (the institution, else the custodian), NotYetActive.
    function authorize(address account, uint16 role) external view returns (uint32 institutionIndex);

    /// @notice Like `authorize`, and tells who keeps the key (0: the institution itself).
    function authorizeActor(
        address account,
        uint16 role
    ) external view returns (uint32 institutionIndex, uint32 custodian);

    /// @notice The record of an account; all zero for one that never was an operator.
    function operator(address account) external view returns (Operator memory);

    /// @notice Every account that ever was an operator of the institution, oldest first.
    function operatorsOf(uint32 index) external view returns (address[] memory);
}
