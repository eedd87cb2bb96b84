#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What rotate_matrix.comp reads: rows times the norm's gain as two halves each, whose sum is good to
// 2^-20. A row is scaled by a power of two that brings its greatest value to 512 .. 1024, so that
// neither the rows nor their rotations leave the range of halves; what undoes that, times the norm,
// is a factor of the row.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"
#include "two_halves.glsl"

layout(constant_id = 2) const bool NORM = false;

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Fours {
    vec4 at[];
};

layout(push_constant, scalar) uniform Push {
    Fours x;
    Fours gain;
    Quads high; // rows of halves
    Quads low;
    Floats factors; // of rows
    Words meta;     // rows of META_WORDS + rank; sums that quantize.comp adds to become 0
    Run run;
    int cols; // a multiple of 8
    int rank;
    float epsilon;
}
p;

float greatest(vec4 four) {
    const vec4 sizes = abs(four);
    return max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
}

void main() {
    const uint token = gl_WorkGroupID.y;
    if (token >= uint(runRows(p.run)))
        return;
    const uint self = gl_LocalInvocationID.x;
    for (uint i = self; i <= uint(p.rank); i += gl_WorkGroupSize.x)
        p.meta.at[token * (META_WORDS + uint(p.rank)) + META_WORDS - 1u + i] = 0u;
    const uint fours = uint(p.cols) / 4u;
    float squares = 0.0;
    float most = 0.0;
    for (uint i = self; i < fours; i += gl_WorkGroupSize.x) {
        vec4 four = p.x.at[token * fours + i];
        if (NORM) {
            squares += dot(four, four);
            four *= p.gain.at[i];
        }
        most = max(most, greatest(four));
    }
    const uint exponent = clamp(floatBitsToUint(groupMax(most)) >> 23, 10u, 254u);
    const float scale = uintBitsToFloat((263u - exponent) << 23);
    const float inverse = NORM ? 1.0 / sqrt(groupAdd(squares) / float(p.cols) + p.epsilon) : 1.0;
    if (self == 0u)
        p.factors.at[token] = inverse * uintBitsToFloat((exponent - 9u) << 23);
    for (uint i = self; i < fours / 2u; i += gl_WorkGroupSize.x) {
        vec4 first = p.x.at[token * fours + 2u * i] * scale;
        vec4 second = p.x.at[token * fours + 2u * i + 1u] * scale;
        if (NORM) {
            first *= p.gain.at[2u * i];
            second *= p.gain.at[2u * i + 1u];
        }
        uvec4 high, low;
        splitEight(first, second, high, low);
        p.high.at[token * fours / 2u + i] = high;
        p.low.at[token * fours / 2u + i] = low;
    }
}
