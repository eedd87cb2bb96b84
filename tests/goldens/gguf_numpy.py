# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the GGUF v3 files the goldens need, written from the format's description alone, so that
the goldens do not depend on the C++ reader they check."""
import struct
from pathlib import Path

import numpy as np

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


def _text(file):
    (length,) = struct.unpack("<Q", file.read(8))
    return file.read(length).decode("utf-8", "replace")


def _value(file, kind):
    if kind == 8:
        return _text(file)
    if kind == 9:
        element, count = struct.unpack("<IQ", file.read(12))
        return [_value(file, element) for _ in range(count)]
    code = SCALARS[kind]
    return struct.unpack(code, file.read(struct.calcsize(code)))[0]


def _float32(data):
    return np.frombuffer(data, "<f4").copy()


def _float16(data):
    return np.frombuffer(data, "<f2").astype("f4")


def _q8_0(data):
    block = np.frombuffer(data, [("d", "<f2"), ("q", "i1", 32)])
    return (block["d"].astype("f4")[:, None] * block["q"]).ravel()


def _nibbles(q):
    return np.concatenate([q & 15, q >> 4], 1).astype("f4")


def _q4_0(data):
    block = np.frombuffer(data, [("d", "<f2"), ("q", "u1", 16)])
    return (block["d"].astype("f4")[:, None] * (_nibbles(block["q"]) - 8)).ravel()


def _q4_1(data):
    block = np.frombuffer(data, [("d", "<f2"), ("m", "<f2"), ("q", "u1", 16)])
    scale, minimum = (block[k].astype("f4")[:, None] for k in "dm")
    return (scale * _nibbles(block["q"]) + minimum).ravel()


# type id -> (values a block, bytes a block, decoder)
TYPES = {0: (1, 4, _float32), 1: (1, 2, _float16), 2: (32, 18, _q4_0), 3: (32, 20, _q4_1), 8: (32, 34, _q8_0)}


def read_gguf(path: Path):
    """(metadata, {name: float32 array, slowest dimension first})"""
    with open(path, "rb") as file:
        assert file.read(4) == b"GGUF"
        _version, tensor_count, key_count = struct.unpack("<IQQ", file.read(20))
        metadata = {}
        for _ in range(key_count):
            key = _text(file)
            (kind,) = struct.unpack("<I", file.read(4))
            metadata[key] = _value(file, kind)
        directory = []
        for _ in range(tensor_count):
            name = _text(file)
            (rank,) = struct.unpack("<I", file.read(4))
            shape = struct.unpack(f"<{rank}Q", file.read(8 * rank))[::-1]
            kind, offset = struct.unpack("<IQ", file.read(12))
            directory.append((name, shape, kind, offset))
        alignment = metadata.get("general.alignment", 32)
        base = -(-file.tell() // alignment) * alignment
        tensors = {}
        for name, shape, kind, offset in directory:
            per_block, block_bytes, decode = TYPES[kind]
            count = int(np.prod(shape))
            file.seek(base + offset)
            tensors[name] = decode(file.read(count // per_block * block_bytes)).reshape(shape)
        return metadata, tensors
