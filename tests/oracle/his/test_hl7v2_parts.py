"""The parts of the hl7v2 adapter by themselves: frames, messages, times, answers, mapping files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oracle.his.base import Reason
from oracle.his.hl7v2.acknowledge import Code, Refusal, acknowledgement
from oracle.his.hl7v2.mapping import Mapping, Meaning
from oracle.his.hl7v2.message import MOST_SEPARATORS, Location, Malformed, Message
from oracle.his.hl7v2.mllp import Deframer, Flaw, Frame, framed
from oracle.his.hl7v2.times import moment_in, whole
from oracle.his.mapping import MappingInvalid
from oracle.his.values import BadValue

MAPPING = Path(__file__).parents[3] / "oracle/his/hl7v2/mapping.yaml"
HEAD = b"MSH|^~\\&|HIS|SAMPLE|SAEGIM|X|20261124120000||ADT^A08^ADT_A01|C1|P|2.5.1||||||UNICODE UTF-8"
SEOUL = ZoneInfo("Asia/Seoul")


def message(*lines: bytes, head: bytes = HEAD) -> Message:
    return Message(b"\r".join((head, *lines)) + b"\r", "utf-8")


def reason(call: Any) -> Reason:
    with pytest.raises(BadValue) as raised:
        call()
    return raised.value.reason


class TestFrames:
    def test_noise_that_does_not_end_is_given_up(self) -> None:
        frames = Deframer(1_000)
        assert frames.feed(b"GET / HTTP/1.1\r\n" * 10) == []
        (frame,) = frames.feed(b"x" * 2_000)
        assert frame.flaw is Flaw.NOISE
        assert frame.fatal

    def test_a_message_that_grows_too_long_is_given_up_before_its_end(self) -> None:
        frames = Deframer(1_000)
        assert frames.feed(b"\x0b" + b"M" * 1_000) == []
        (frame,) = frames.feed(b"M")
        assert frame.flaw is Flaw.TOO_LONG
        assert len(frame.content) <= 4_096

    def test_a_message_too_long_in_one_piece_is_given_up(self) -> None:
        (frame,) = Deframer(1_000).feed(framed(b"M" * 1_001))
        assert frame.flaw is Flaw.TOO_LONG

    def test_a_frame_that_does_not_end_before_the_next_is_told_and_the_next_is_read(self) -> None:
        first, second = Deframer(1_000).feed(b"\x0bMSH|one" + framed(b"MSH|two"))
        assert first == Frame(b"MSH|one", Flaw.NO_END)
        assert second == Frame(b"MSH|two")

    def test_empty_frames_and_line_ends_between_frames_mean_nothing(self) -> None:
        assert Deframer(1_000).feed(framed(b"") + b"\r\n" + framed(b"MSH")) == [Frame(b"MSH")]

    def test_an_end_block_without_its_carriage_return_ends_a_message_too(self) -> None:
        assert Deframer(99).feed(b"\x0bone\x1c\x0btwo\x1c") == [Frame(b"one"), Frame(b"two")]

    @given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
    def test_wherever_tcp_cuts_the_same_messages_come_out(self, contents: list[bytes], data: Any) -> None:
        kept = [each.replace(b"\x0b", b"").replace(b"\x1c", b"") or b"x" for each in contents]
        stream, frames, found = b"".join(map(framed, kept)), Deframer(1_000), []
        while stream:
            cut = data.draw(st.integers(1, len(stream)))
            found += frames.feed(stream[:cut])
            stream = stream[cut:]
        assert found == [Frame(each) for each in kept]
        assert not frames.inside


class TestMessages:
    @pytest.mark.parametrize(
        ("head", "field"),
        [
            (b"PID|1||2", None),
            (b"", None),
            (b"MSH", 1),
            (b"MSH|", 1),
            (b"MSH|^~\\&", 1),
            (b"MSHX^~\\&X1X2", 1),
            (b"MSH|^^\\&|A", 2),
            (b"MSH||||A", 2),
            (b"MSH|^~\\|A", 2),
            (b"MSH|^~AB|A", 2),
            (b"MSH^^~\\&^A", 1),
        ],
    )
    def test_what_does_not_begin_with_msh_and_separators_is_refused(
        self, head: bytes, field: int | None
    ) -> None:
        with pytest.raises(Malformed) as raised:
            message(head=head)
        assert (raised.value.field is None) is (field is None)

    def test_a_character_set_nobody_knows_is_refused(self) -> None:
        found = message(head=HEAD.replace(b"UNICODE UTF-8", b"ISO IR87"))
        with pytest.raises(Malformed) as raised:
            _ = found.encoding
        assert raised.value.field == 18

    def test_more_fields_than_any_document_needs_are_refused_before_they_are_parsed(self) -> None:
        with pytest.raises(Malformed, match="too many fields"):
            message(b"NTE|" + b"|" * MOST_SEPARATORS)

    def test_other_separators_are_understood(self) -> None:
        found = message(b"PID!1!!7*8!!$F$:name", head=b"MSH!*:$@!HIS!S!X!X!1!!ADT*A08!C!P!2.5.1")
        assert found.type == "ADT^A08"
        assert found.text(Location.of("PID-3.2")) == "8"
        assert found.text(Location.of("PID-5")) == "!"

    def test_absent_empty_and_null_are_nothing(self) -> None:
        found = message(b'PID|||""|^x||a&b')
        for place in (
            "PID-1",
            "PID-2",
            "PID-3",
            "PID-4",
            "PID-99",
            "PID-4.3",
            "PID-6.2",
            "PV1-1",
            "PID-6.1.3",
        ):
            assert found.text(Location.of(place)) is None
        assert found.text(Location.of("PID-4.2")) == "x"
        assert found.text(Location.of("PID-6.1.2")) == "b"

    def test_the_first_repetition_counts(self) -> None:
        assert message(b"PID|||1^^^A~2^^^B").text(Location.of("PID-3.4")) == "A"

    @pytest.mark.parametrize(
        ("charset", "codec"),
        [("UNICODE UTF-8", "utf-8"), ("KS X 1001", "euc-kr"), ("ISO IR149", "cp949"), ("", "utf-8")],
    )
    def test_text_is_read_in_the_character_set_of_the_message(self, charset: str, codec: str) -> None:
        found = message(
            b"PID|||1||" + "홍길동^뷁".encode("cp949" if codec == "cp949" else codec, "replace"),
            head=HEAD.replace(b"UNICODE UTF-8", charset.encode()),
        )
        assert found.text(Location.of("PID-5.1")) == "홍길동"

    def test_a_last_character_whose_last_byte_looks_like_white_space_is_kept(self) -> None:
        for name in ("갠", "갅"):  # … A0, … 85
            found = Message(HEAD + b"\rPID|||1||" + name.encode(), "utf-8")
            assert found.text(Location.of("PID-5")) == name

    def test_one_bad_name_spoils_one_field(self) -> None:
        found = message(b"PID|||1||\xff\xfe||19700101")
        assert reason(lambda: found.text(Location.of("PID-5"))) is Reason.TEXT_ENCODING
        assert found.text(Location.of("PID-7")) == "19700101"

    @pytest.mark.parametrize(
        ("raw", "meant"),
        [
            (rb"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
            (rb"\X0D0A\x", "\r\nx"),
            (rb"\XED998D\ ", "홍 "),
            (rb"one\.br\two", "one\ntwo"),
        ],
    )
    def test_escapes_are_resolved(self, raw: bytes, meant: str) -> None:
        assert message(b"PID|||1||" + raw).text(Location.of("PID-5")) == meant

    @pytest.mark.parametrize(
        "raw", [rb"\.sp1000000000\x", rb"\H\x\N\ ", rb"\C2842\x", rb"half\F", rb"\XZZ\ ", rb"\\"]
    )
    def test_escapes_that_mean_no_text_are_refused_and_make_nothing_grow(self, raw: bytes) -> None:
        found = message(b"PID|||1||" + raw)
        assert reason(lambda: found.text(Location.of("PID-5"))) is Reason.TEXT_ENCODING

    def test_segments_that_belong_together_stay_together(self) -> None:
        found = message(b"FT1|1", b"ZFT|a", b"FT1|2", b"FT1|3", b"ZFT|c", b"ZFT|d", b"ZSP|9", b"ZFT|e")
        groups = list(found.group("FT1", ("ZFT",)))
        first = [group["FT1"].text(Location.of("FT1-1")) for group in groups]
        second = [group["ZFT"].text(Location.of("ZFT-1")) if "ZFT" in group else None for group in groups]
        assert (first, second) == (["1", "2", "3"], ["a", None, "c"])

    @pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
    def test_segments_may_end_as_files_do(self, end: bytes) -> None:
        found = Message(end.join((HEAD, b"PID|||7")) + end, "utf-8")
        assert found.text(Location.of("PID-3")) == "7"

    @given(st.binary(max_size=200))
    def test_whatever_bytes_come_only_the_known_errors_are_raised(self, body: bytes) -> None:
        for head in (b"", b"MSH", HEAD + b"\r", HEAD[:9]):
            try:
                found = Message(head + body, "cp949")
                _ = found.type, found.encoding
                for place in ("MSH-10", "PID-3.1", "PV1-19.1"):
                    found.text(Location.of(place))
                list(found.group("FT1", ("ZFT",)))
            except (Malformed, BadValue):
                continue


class TestTimes:
    @pytest.mark.parametrize(
        "value", ["20261332", "2026", "20260230", "x", "\x00\x01", "202611241", "20261124 10"]
    )
    def test_what_is_no_time_is_refused(self, value: str) -> None:
        assert reason(lambda: moment_in(SEOUL)(value)) is Reason.DATE_UNREAL

    @pytest.mark.parametrize(
        ("value", "utc"),
        [
            ("20261124", datetime(2026, 11, 23, 15, tzinfo=UTC)),
            ("202611241030", datetime(2026, 11, 24, 1, 30, tzinfo=UTC)),
            ("20261124103000.1234", datetime(2026, 11, 24, 1, 30, 0, 123400, tzinfo=UTC)),
            ("20261124103000+0000", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
            ("20261124103000-0330", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        ],
    )
    def test_times_are_read_with_their_zone_or_the_hospitals(self, value: str, utc: datetime) -> None:
        assert moment_in(SEOUL)(value) == utc

    def test_nothing_is_no_time(self) -> None:
        assert moment_in(SEOUL)("  ") is None

    @pytest.mark.parametrize("value", ["12,000", "inf", "1.5", "", "1e3", "９"])
    def test_what_is_no_whole_number_is_refused(self, value: str) -> None:
        assert reason(lambda: whole(value)) is Reason.NOT_A_NUMBER

    @pytest.mark.parametrize(("value", "number"), [("12000", 12000), ("-5", -5), ("+7", 7), ("3.00", 3)])
    def test_whole_numbers_are_read(self, value: str, number: int) -> None:
        assert whole(value) == number


class TestAnswers:
    NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

    def test_a_refusal_names_the_field_the_code_and_no_value(self) -> None:
        refusal = Refusal(Code.UNSUPPORTED_VERSION, "this version of HL7 is not taken", 12)
        lines = acknowledgement(message(), refusal, self.NOW).decode().split("\r")
        assert lines[1] == "MSA|AR|C1"
        assert lines[2] == "ERR||MSH^1^12|203^this version of HL7 is not taken^HL70357|E"

    def test_what_can_not_be_read_at_all_is_answered_too(self) -> None:
        answer = acknowledgement(None, Refusal(Code.SEGMENT_SEQUENCE, "no MSH"), self.NOW)
        assert b"\rMSA|AE|\rERR||" in answer

    def test_an_acknowledgement_goes_back_to_who_sent_the_message(self) -> None:
        head, msa, _ = acknowledgement(message(), None, self.NOW).decode().split("\r")
        fields = head.split("|")
        assert fields[2:6] == ["SAEGIM", "X", "HIS", "SAMPLE"]
        assert fields[8] == "ACK^A08^ACK"
        assert msa == "MSA|AA|C1"

    def test_a_sender_in_enhanced_mode_gets_commit_codes(self) -> None:
        found = message(head=HEAD.replace(b"2.5.1||||||", b"2.5.1|||AL|NE||"))
        assert b"\rMSA|CA|C1\r" in acknowledgement(found, None, self.NOW)

    @given(st.binary(max_size=30).filter(lambda raw: not {*b"\r\n|"} & {*raw}))
    def test_whatever_the_header_holds_the_answer_is_one_message(self, raw: bytes) -> None:
        found = message(head=HEAD.replace(b"HIS", raw).replace(b"C1", raw))
        answer = acknowledgement(found, None, self.NOW)
        assert answer.isascii()
        assert [line[:3] for line in answer.split(b"\r")] == [b"MSH", b"MSA", b""]


class TestMappingFiles:
    def edited(self, tmp_path: Path, **changes: Any) -> Path:
        data = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
        for place, value in changes.items():
            *way, last = place.split("__")
            part = data
            for step in way:
                part = part[step]
            part[last] = value
        file = tmp_path / "mapping.yaml"
        file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        return file

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"visits__columns__patient_name": "PID5"}, "such as PID-3.1"),
            ({"visits__columns__patient_name": "PID-0"}, "counted from 1"),
            ({"visits__columns__surname": "PID-5"}, "no such field"),
            ({"visits__messages": {"A03": "done"}}, "visits.messages"),
            ({"visits__messages": {"ADT^A03": "gone"}}, "visits.messages"),
            ({"lines__columns__code": "PID-3"}, "PID-3 is not in FT1 or ZFT"),
            ({"ignored": ["DFT^P03"]}, "named in more than one part"),
            ({"settlements": None}, "settlements: needed"),
            ({"colour": 1}, "colour"),
        ],
    )
    def test_a_mistake_is_named_with_its_place(
        self, tmp_path: Path, change: dict[str, Any], problem: str
    ) -> None:
        with pytest.raises(MappingInvalid) as raised:
            Mapping.load(self.edited(tmp_path, **change))
        assert problem in str(raised.value)

    def test_the_sandbox_mapping_is_good(self) -> None:
        mapping = Mapping.load(MAPPING)
        assert mapping.visits
        assert mapping.visits.messages["ADT^A13"] is Meaning.REOPENED
        assert mapping.ignored == ("RDE^O11",)
