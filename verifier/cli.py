"""`saegim-verify`: check a document without trusting any server.

    saegim-verify FILE.saegim [--trust network.json] [--node URL]…   check it
    saegim-verify prove FILE.saegim --node URL -o FRESH.saegim       a fresh proof of it, from a member's node
    saegim-verify prove FILE.saegim --proof PROOF -o FRESH.saegim    the same, from a proof that a member sent
    saegim-verify show FILE.saegim                                   what is in it, unchecked
    saegim-verify trust network.json                                 what a trust file says, and who signed it

Exit codes: 0 valid · 2 wrong command line or unreadable file · 3 unknown (stale, unreachable, unproven)
· 10 tampered · 11 withdrawn · 12 superseded · 13 not issued · 14 issuer not trusted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from chain.client import ChainClient
from chain.clock import Clock, utc_now
from chain.errors import ChainError
from chain.light import LightProofError
from chain.trust import TrustError, TrustFile
from records.credential import CredentialError
from verifier.bundle import BundleError, ProofBundle
from verifier.document import describe
from verifier.files import UsageError, load_trust, parse_moment, read_input, write_output
from verifier.integrity import check_integrity
from verifier.prove import adopt, refresh
from verifier.readers import UnknownReader, parse_freshness
from verifier.terminal import document_text, printable, report_text
from verifier.times import Language
from verifier.verdict import EXIT_CODES, USAGE_EXIT, Verdict
from verifier.verification import verify_bytes


def main(argv: Sequence[str] | None = None, *, clock: Clock = utc_now) -> int:
    """Runs the command and gives its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = _COMMANDS.get(arguments[0]) if arguments else None
    try:
        if command is not None:
            return command(arguments[1:], clock)
        return _verify(arguments, clock)
    except (UsageError, UnknownReader) as error:
        print(f"saegim-verify: {printable(str(error))}", file=sys.stderr)
        return USAGE_EXIT


def _verify(arguments: Sequence[str], clock: Clock) -> int:
    parser = _parser("saegim-verify", __doc__ or "")
    parser.add_argument("file", help="a .saegim file, or - for standard input")
    parser.add_argument(
        "--reader", metavar="prescription|claim|certificate|DURATION", help="how fresh (30m, 24h, 7d)"
    )
    parser.add_argument(
        "--at", metavar="TIME", help="check as of this time instead of now (ISO 8601 with offset)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    data = read_input(options.file)
    trust = load_trust(options.trust, data)
    freshness = None if options.reader is None else parse_freshness(options.reader)
    now = clock() if options.at is None else parse_moment(options.at)
    node = _client(options.node, trust)
    try:
        report = verify_bytes(data, trust, now=now, freshness=freshness, node=node)
    finally:
        if node is not None:
            node.close()
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        print(report_text(report, options.lang))
    return report.exit_code


def _prove(arguments: Sequence[str], clock: Clock) -> int:
    parser = _parser("saegim-verify prove", "Make a fresh proof of a document from a member's node.")
    parser.add_argument("file", help="a .saegim file, or - for standard input")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, help="where to write the fresh .saegim file"
    )
    parser.add_argument("--proof", help="a member's answer to GET /api/v1/documents/{id}/proof, as a file")
    options = parser.parse_args(arguments)
    data = read_input(options.file)
    trust = load_trust(options.trust, data)
    client = _client(options.node, trust)
    if (client is None) == (options.proof is None):
        raise UsageError("give either a member's node with --node URL or a member's proof with --proof FILE")
    try:
        trust.verify(clock())
        bundle = ProofBundle.read(data)
        if client is None:
            fresh = adopt(bundle, ProofBundle.decode(read_input(options.proof))).encode()
        else:
            fresh = refresh(client, trust, bundle).encode()
    except (BundleError, TrustError, CredentialError) as error:
        raise UsageError(str(error)) from error
    except (ChainError, LightProofError) as error:
        print(f"saegim-verify prove: {printable(str(error))}", file=sys.stderr)
        return EXIT_CODES[Verdict.UNKNOWN]
    finally:
        if client is not None:
            client.close()
    write_output(options.output, fresh)
    print(f"{options.output}: {len(fresh):,} bytes")
    return 0


def _show(arguments: Sequence[str], clock: Clock) -> int:
    parser = _parser("saegim-verify show", "Print what a file holds. Nothing on the chain is looked at.")
    parser.add_argument("file", help="a .saegim file, or - for standard input")
    options = parser.parse_args(arguments)
    data = read_input(options.file)
    try:
        bundle = ProofBundle.read(data)
    except BundleError as error:
        raise UsageError(str(error)) from error
    checked = check_integrity(bundle, clock())
    language: Language = options.lang
    print({"ko": "확인하지 않은 내용입니다.", "en": "NOT CHECKED against the chain."}[language])
    print(f"{checked.finding.ko if language == 'ko' else checked.finding.en} ({checked.finding.code})")
    if checked.credential is not None:
        document = describe(checked.credential, load_trust(options.trust, data))
        print("\n".join([document.kind_ko if language == "ko" else document.kind_en, document.issuer_ko]))
        print("\n".join(document_text(document, language, whole=True)))
    proof = bundle.proof
    carried = "-" if proof is None else f"{len(proof.headers)} headers, {len(proof.nodes)} nodes"
    print(f"root 0x{bundle.root.hex()}  path {len(bundle.path)}  proof {carried}  {len(data):,} bytes")
    return 0


def _trust(arguments: Sequence[str], clock: Clock) -> int:
    parser = argparse.ArgumentParser("saegim-verify trust", description="Print what a trust file says.")
    parser.add_argument("file")
    parser.add_argument("--held", help="the trust file used so far: its members must have signed the new one")
    options = parser.parse_args(arguments)
    trust = load_trust(options.file, b"")
    print(f"chain {trust.chain_id} ({trust.engine}), genesis {trust.genesis_hash}")
    checkpoint = trust.checkpoint
    print(f"block {checkpoint.number}, {len(checkpoint.validators)} validators, epoch {checkpoint.epoch}")
    print(f"fingerprint {trust.fingerprint}")
    try:
        if options.held:
            trust.verify_update(load_trust(options.held, b""), clock())
        else:
            trust.verify(clock())
    except TrustError as error:
        print(f"saegim-verify trust: refused: {error}", file=sys.stderr)
        return EXIT_CODES[Verdict.UNKNOWN]
    print(f"signed by {len(trust.signatures)} of {len(trust.members)} members")
    return 0


_COMMANDS = {"prove": _prove, "show": _show, "trust": _trust}


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        name, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trust", metavar="network.json", help="the network's trust file")
    parser.add_argument(
        "--node", metavar="URL", action="append", default=[], help="a member's node; may be repeated"
    )
    parser.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of the report")
    return parser


def _client(urls: Sequence[str], trust: TrustFile) -> ChainClient | None:
    return ChainClient(urls, chain_id=trust.chain_id) if urls else None


if __name__ == "__main__":
    sys.exit(main())
