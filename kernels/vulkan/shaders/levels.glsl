// SPDX-License-Identifier: GPL-3.0-or-later
//
// The activation quantizer of HostInput (host_linear.h) and the order its levels are kept in.
//
// Sign order: for each 32 columns 8 words, word g holding columns g, g + 8, g + 16, g + 24, first in
// the lowest byte: (signs >> g) & 0x01010101 selects its bytes. With SCALED every byte is shifted
// left by 2 - g % 3 (product.glsl says why); 63 * 4 fits. Needs SCALED.
#include "exact.glsl"

// Column of byte `byte` of word `word` in sign order.
uint columnOf(uint word, uint byte) {
    return word / 8u * 32u + word % 8u + 8u * byte;
}
uint shiftOf(uint word) {
    return SCALED ? 2u - word % 8u % 3u : 0u;
}

// Comparisons as the reference writes them: NaN is never the least or the greatest.
void widen(float x, inout float least, inout float most) {
    least = x < least ? x : least;
    most = x > most ? x : most;
}

// More than a quotient of at most 255 can be off, which is 3e-7 of itself; greater ones are clamped.
const float NEAR_TIE = 2e-4;

// x / s to the nearest even. The device's quotient decides unless it is close to a tie.
float roundedQuotient(float x, float s) {
    const float quotient = x / s;
    const float rounded = roundEven(quotient);
    return abs(abs(quotient - rounded) - 0.5) < NEAR_TIE ? roundEven(exactQuotient(x, s)) : rounded;
}

// s and z from the clipped extremes of a row; levels = 2^bits - 1.
vec2 gridOf(float clippedLeast, float clippedMost, float levels) {
    precise const float range = clippedMost - clippedLeast;
    const float s = clippedMost == clippedLeast ? 1.0 : exactQuotient(range, levels);
    const float z = roundedQuotient(-clippedLeast, s);
    return vec2(s, z > 0.0 ? min(z, levels) : 0.0);
}

// The same of four; ties are few, and code that is not there need not be fetched: one copy of it.
void roundQuotients(float x[4], float s, out float rounded[4]) {
    bool close = false;
    [[unroll]] for (uint i = 0u; i < 4u; ++i) {
        const float quotient = x[i] / s;
        rounded[i] = roundEven(quotient);
        close = close || abs(abs(quotient - rounded[i]) - 0.5) < NEAR_TIE;
    }
    if (close)
        [[dont_unroll]] for (uint i = 0u; i < 4u; ++i) {
            const float own = i == 0u ? x[0] : i == 1u ? x[1] : i == 2u ? x[2] : x[3];
            const float exact = roundEven(exactQuotient(own, s));
            [[unroll]] for (uint k = 0u; k < 4u; ++k)
                rounded[k] = k == i ? exact : rounded[k];
        }
}

// q of one value.
uint clampedLevel(float q, float levels) {
    return q > 0.0 ? uint(min(q, levels)) : 0u;
}
uint levelOf(float x, vec2 grid, float levels) {
    return clampedLevel(roundedQuotient(x, grid.x) + grid.y, levels);
}

#ifdef SMALL_LEVELS // of at most 7 bits
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6018, 6019], id = 4450)
int dotSigned(uint b, uint q, spirv_literal int format); // OpSDot; 0 = PackedVectorFormat4x8Bit
int dotSigned(uint b, uint q) {
    return dotSigned(b, q, 0);
}
#else
int dotSigned(uint b, uint q) {
    int sum = 0;
    for (int byte = 0; byte < 4; ++byte)
        sum += bitfieldExtract(int(b), 8 * byte, 8) * int(bitfieldExtract(q, 8 * byte, 8));
    return sum;
}
#endif
