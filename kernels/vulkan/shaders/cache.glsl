// SPDX-License-Identifier: GPL-3.0-or-later
//
// How keys and values are kept: constant_id 2 of place.comp and attend.comp, as tableKind() counts.
// INT8_CACHE: bytes, and behind those of a layer a scale for each head and position, the greatest
// magnitude over 127.
const uint F32_CACHE = 0u;
const uint F16_CACHE = 1u;
const uint INT8_CACHE = 2u;

float byteScale(float most) {
    return most / 127.0;
}

float levelOf(float value, float scale) {
    return scale > 0.0 ? clamp(roundEven(value / scale), -127.0, 127.0) : 0.0;
}

uint bytesOf(vec4 values, float scale) {
    uint word = 0u;
    for (uint i = 0u; i < 4u; ++i)
        word |= (uint(int(levelOf(values[i], scale))) & 255u) << (8u * i);
    return word;
}
