"""The font of what is written into a page after its layout, and those that help it out.

Liberation Serif is the print font; a letter that it lacks is taken from DejaVu, as WeasyPrint does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Pdf

from forms_server.errors import DocumentError

RANGES = ((0x20, 0x7E), (0xA0, 0xFF), (0x400, 0x4FF), (0x2010, 0x2026), (0x2030, 0x203A))
SINGLE = (0x2116, 0x20B8)
"""Latin, all of Cyrillic with the Kazakh letters, dashes and quotes, №, ₸."""
TRUETYPE = Path("/usr/share/fonts/truetype")
FONT_FILES = tuple(
    TRUETYPE / folder / "LiberationSerif-Regular.ttf" for folder in ("liberation2", "liberation")
)
"""Where Debian 12 (fonts-liberation2) and later ones (fonts-liberation) keep the print font."""
HELPING_FILES = tuple(TRUETYPE / "dejavu" / name for name in ("DejaVuSerif.ttf", "DejaVuSans.ttf"))
RESOURCE = "SlotFont"


@dataclass(frozen=True, slots=True)
class SlotFont:
    """A font to write with: made once per process, holds every letter it may be asked for.

    ``program`` is the TrueType font file; ``glyphs`` maps letters to glyphs and ``widths`` glyphs
    to their advances in thousandths of the font size.
    """

    name: str
    program: bytes
    glyphs: Mapping[str, int]
    widths: tuple[int, ...]
    descriptor: Mapping[str, int | tuple[int, ...]]

    def has(self, text: str) -> bool:
        """Whether the font holds every letter of the text."""
        return all(letter in self.glyphs for letter in text)

    def width(self, text: str, size: float) -> float:
        """How wide the text stands, in the unit of ``size``."""
        return sum(self.widths[self.glyphs[letter]] for letter in text) * size / 1000

    def encode(self, text: str) -> bytes:
        """The text as a PDF hexadecimal string of two-byte glyph numbers."""
        return b"<%s>" % "".join(f"{self.glyphs[letter]:04x}" for letter in text).encode("ascii")


@dataclass(frozen=True)
class Lettering:
    """Fonts that together hold every letter of a document, the print font first."""

    fonts: Sequence[SlotFont]

    def width(self, text: str) -> int:
        """How wide the text stands, in thousandths of the font size."""
        return sum(map(self._advances.__getitem__, text))

    def operators(self, text: str, size: float) -> bytes:
        """The text as PDF operators; the print font is set before them and after them."""
        if self._letters.issuperset(text):
            return b"<%s> Tj" % text.translate(self._glyphs).encode("utf-16-be").hex().encode()
        return b"\n".join(self._runs(text, size))

    def _runs(self, text: str, size: float) -> Iterator[bytes]:
        for letter in text:
            number = next(i for i, font in enumerate(self.fonts) if font.has(letter))
            yield b"/%s %g Tf" % (resource_name(number).encode(), size)
            yield b"%s Tj" % self.fonts[number].encode(letter)
        yield b"/%s %g Tf" % (resource_name(0).encode(), size)

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset(self.fonts[0].glyphs)

    @cached_property
    def _glyphs(self) -> Mapping[int, int]:
        return {ord(letter): glyph for letter, glyph in self.fonts[0].glyphs.items()}

    @cached_property
    def _advances(self) -> Mapping[str, int]:
        return {
            letter: font.widths[glyph]
            for font in reversed(self.fonts)
            for letter, glyph in font.glyphs.items()
        }


def resource_name(number: int) -> str:
    """What the fonts of a :class:`Lettering` are called on a page."""
    return f"{RESOURCE}{number}" if number else RESOURCE


@cache
def load_slot_font() -> SlotFont:
    """Liberation Serif with the letters of :data:`RANGES`; ``font-missing`` if not installed."""
    return _cut(_print_font(), "SlotSerif", _wanted())


def lettering_of(font: SlotFont, texts: Iterable[str]) -> Lettering:
    """The font, and as many others as hold the letters of the texts that it lacks."""
    letters = frozenset("".join(set(texts))).difference(font.glyphs)
    return Lettering((font, *_helping(letters)))


@lru_cache(maxsize=8)
def _helping(letters: frozenset[str]) -> tuple[SlotFont, ...]:
    fonts = []
    for number, path in enumerate((_print_font(), *filter(Path.is_file, HELPING_FILES)), 1):
        held = {letter for letter in letters if ord(letter) in _letters_in(path)}
        if held:
            fonts.append(_cut(path, f"HelpingFont{number}", sorted(map(ord, held))))
        letters -= held
    if letters:
        raise DocumentError("print-warning", reason=f"no font has {''.join(sorted(letters))}")
    return tuple(fonts)


@cache
def _letters_in(path: Path) -> frozenset[int]:
    with TTFont(path) as font:
        return frozenset(font.getBestCmap())


def _print_font() -> Path:
    path = next((path for path in FONT_FILES if path.is_file()), None)
    if path is None:
        raise DocumentError("font-missing")
    return path


def _wanted() -> Iterator[int]:
    for first, last in RANGES:
        yield from range(first, last + 1)
    yield from SINGLE


def _cut(path: Path, name: str, letters: Iterable[int]) -> SlotFont:
    options = subset.Options(
        notdef_outline=True, hinting=False, layout_features=[], name_IDs=[], drop_tables=["FFTM"]
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[*letters])
    with TTFont(path) as font:
        cutter.subset(font)
        program = BytesIO()
        font.save(program)
        return _describe(font, f"AAAAAA+{name}", program.getvalue())


def _describe(font: TTFont, name: str, program: bytes) -> SlotFont:
    scale = 1000 / font["head"].unitsPerEm
    order = font.getGlyphOrder()
    numbers = {glyph: number for number, glyph in enumerate(order)}
    letters = {chr(code): numbers[glyph] for code, glyph in font.getBestCmap().items()}
    head, metrics = font["head"], font["OS/2"]
    box = (head.xMin, head.yMin, head.xMax, head.yMax)
    return SlotFont(
        name=name,
        program=program,
        glyphs=letters,
        widths=tuple(round(font["hmtx"][glyph][0] * scale) for glyph in order),
        descriptor={
            "Flags": 4,
            "FontBBox": tuple(round(value * scale) for value in box),
            "ItalicAngle": 0,
            "Ascent": round(metrics.sTypoAscender * scale),
            "Descent": round(metrics.sTypoDescender * scale),
            "CapHeight": round(getattr(metrics, "sCapHeight", 662) * scale),
            "StemV": 80,
        },
    )


def embed(pdf: Pdf, font: SlotFont) -> Any:
    """The font as a Type 0 font with two-byte glyph numbers (ISO 32000-1, 9.7)."""
    program = pdf.make_stream(font.program, Length1=len(font.program))
    descriptor = pdf.make_indirect(Dictionary(Type=Name.FontDescriptor, FontFile2=program))
    descriptor.FontName = Name(f"/{font.name}")
    for key, value in font.descriptor.items():
        descriptor[f"/{key}"] = Array(value) if isinstance(value, tuple) else value
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name(f"/{font.name}"),
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=descriptor,
        CIDToGIDMap=Name.Identity,
        DW=0,
        W=Array([0, Array(list(font.widths))]),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name(f"/{font.name}"),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_stream(_to_unicode(font)),
        )
    )


def _to_unicode(font: SlotFont) -> bytes:
    """The CMap that lets readers and search find the letters (ISO 32000-1, 9.10.3)."""
    letters = sorted((glyph, letter) for letter, glyph in font.glyphs.items())
    lines = [f"<{glyph:04x}> <{letter.encode('utf-16-be').hex()}>" for glyph, letter in letters]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    body = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
