"""Reading of QR codes from pictures of printed pages, without damage: no error correction."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from segno import consts

Bits = NDArray[np.bool_]

MASKS = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, c: r % 2 == 0,
    lambda r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)
# Levels by the first two bits of the format information, without its mask.
LEVELS = {
    1: consts.ERROR_LEVEL_L, 0: consts.ERROR_LEVEL_M, 3: consts.ERROR_LEVEL_Q,
    2: consts.ERROR_LEVEL_H,
}  # fmt: skip


def read_qr(path: Path) -> str:
    """Return the text of the one QR code on a page: its modules alone are quite black."""
    pixels = np.asarray(Image.open(path).convert("RGB")).max(axis=2) < 8
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    code = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    finder = np.flatnonzero(~code[3])[0]  # the upper left corner is seven modules wide
    size = 17 + 4 * round((code.shape[1] / (finder / 7) - 17) / 4)
    at = ((np.arange(size) + 0.5) * code.shape[0] / size).astype(int)
    return decode(code[np.ix_(at, at)])


def decode(modules: Bits) -> str:
    """Return the text of the modules of a QR code in byte mode."""
    size = len(modules)
    version = (size - 17) // 4
    format_bits = [modules[8, c] for c in (0, 1, 2, 3, 4)]
    data = int("".join(str(int(bit)) for bit in format_bits), 2) ^ 0b10101
    mask, reserved = MASKS[data & 7], _reserved(size, version)
    bits = []
    for right in range(size - 1, 0, -2):
        column = right if right > 6 else right - 1
        upwards = ((size - 1 - right) // 2) % 2 == 0
        for row in range(size - 1, -1, -1) if upwards else range(size):
            for c in (column, column - 1):
                if not reserved[row, c]:
                    bits.append(bool(modules[row, c]) ^ mask(row, c))
    words = [int("".join("01"[bit] for bit in bits[n : n + 8]), 2)
             for n in range(0, len(bits) - 7, 8)]  # fmt: skip
    return _text(_blocks(words, version, LEVELS[data >> 3]), version)


def _reserved(size: int, version: int) -> Bits:
    taken = np.zeros((size, size), bool)
    taken[:9, :9] = taken[:9, -8:] = taken[-8:, :9] = True
    taken[6, :] = taken[:, 6] = True
    places = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row in places:
        for column in places:
            if (row, column) not in corners:
                taken[row - 2 : row + 3, column - 2 : column + 3] = True
    if version > 6:
        taken[:6, -11:-8] = taken[-11:-8, :6] = True
    return taken


def _blocks(words: list[int], version: int, level: int) -> bytes:
    """Return the data of interleaved blocks in their order."""
    sizes = [one.num_data for one in consts.ECC[version][level] for _ in range(one.num_blocks)]
    blocks: list[list[int]] = [[] for _ in sizes]
    given = iter(words)
    for n in range(max(sizes)):
        for block, length in zip(blocks, sizes, strict=True):
            if n < length:
                block.append(next(given))
    return bytes(word for block in blocks for word in block)


def _text(data: bytes, version: int) -> str:
    bits = "".join(f"{word:08b}" for word in data)
    assert bits[:4] == "0100", "not in byte mode"
    count = 8 if version < 10 else 16
    length, begin = int(bits[4 : 4 + count], 2), 4 + count
    return bytes(int(bits[begin + 8 * n : begin + 8 * n + 8], 2) for n in range(length)).decode()
