"""Codes in pictures: for browsers that cannot read a QR code by themselves, and for those without scripts.

A person takes a picture of the code on a paper or a door; the picture is read and forgotten. Only addresses of this
hospital are followed, whatever a code says.
"""

from __future__ import annotations

from io import BytesIO
from typing import Annotated, Final
from urllib.parse import urlsplit

import zxingcpp
from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from PIL import Image, UnidentifiedImageError

from backend.errors import ErrorOut, SaegimError
from backend.limits.door import Limited
from backend.limits.rules import Limit
from backend.rendering import error_body
from backend.services import ServicesDep
from backend.shapes import Shape
from backend.web.i18n import N_
from backend.web.templating import page

router = APIRouter(include_in_schema=False)
api = APIRouter(tags=["scanning"], responses={code: {"model": ErrorOut} for code in (400, 413, 422, 429)})

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS: Final = 50_000_000
_READ_AT: Final = 2_000
"""Pixels on the longer side when it is read: enough for a code on a sheet of paper, and bounded work."""
_MOST_CODES: Final = 10

MOST_BYTES: Final = 12_000_000
"""A telephone's picture as it comes; scripts send a smaller one."""
ADDRESSES: Final = ("/scan", "/api/v1/codes")

Picture = Annotated[UploadFile, File(description="A picture, JPEG, PNG or WebP.")]


class PictureUnreadable(SaegimError):
    """Not a picture of a kind that is read here, or too many pixels."""

    status = 422
    message = N_("사진을 열 수 없습니다.")
    remedy = N_("JPEG나 PNG 사진을 올려 주세요.")


class NoCode(SaegimError):
    """There is no code in the picture."""

    status = 422
    message = N_("사진에서 QR 코드를 찾지 못했습니다.")
    remedy = N_("코드가 화면에 크게, 흔들리지 않게 나오도록 다시 찍어 주세요.")


class ForeignCode(SaegimError):
    """The code leads somewhere else."""

    status = 422
    message = N_("이 병원의 QR 코드가 아닙니다.")
    remedy = N_("병원 문서나 안내판의 QR 코드를 찍어 주세요. 다른 곳의 주소는 열지 않습니다.")


class CodesOut(Shape):
    """What the codes of a picture say."""

    codes: list[str]


@router.get("/scan", response_class=HTMLResponse)
def form(request: Request) -> HTMLResponse:
    """Take a picture of a code."""
    return page(request, "scan.html", error=None)


@router.post("/scan", response_class=HTMLResponse, dependencies=[Limited(Limit.VERIFICATION)])
def scan(request: Request, services: ServicesDep, picture: Picture) -> Response:
    """Go where the code leads, if that is here."""
    try:
        return RedirectResponse(own_path(codes_of(picture.file.read()), services.settings.public_url), 303)
    except SaegimError as error:
        return page(request, "scan.html", status=error.status, error=error_body(error))


@api.post("/codes", operation_id="read_codes", dependencies=[Limited(Limit.VERIFICATION)])
def read(picture: Picture) -> CodesOut:
    """The text of every QR code and bar code in a picture. Nothing is kept."""
    return CodesOut(codes=codes_of(picture.file.read()))


def codes_of(data: bytes) -> list[str]:
    """Raises PictureUnreadable, NoCode."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise PictureUnreadable
            image.draft("L", (_READ_AT, _READ_AT))
            grey = image.convert("L")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise PictureUnreadable from None
    grey.thumbnail((_READ_AT, _READ_AT))
    found = [code.text for code in zxingcpp.read_barcodes(grey) if code.valid and code.text]
    if not found:
        raise NoCode
    return found[:_MOST_CODES]


def own_path(codes: list[str], public_url: str) -> str:
    """The path of the first code that is an address of this server. Raises ForeignCode."""
    own = urlsplit(public_url)
    for code in codes:
        try:
            parts = urlsplit(code.strip())
        except ValueError:
            continue
        if (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and parts.path.startswith("/"):
            path = parts.path.replace("\\", "/")
            if not path.startswith("//"):
                return f"{path}?{parts.query}" if parts.query else path
    raise ForeignCode
