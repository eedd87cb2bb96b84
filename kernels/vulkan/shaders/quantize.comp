#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Second half of preparing quantized rows (rotate.comp): levels and their low-rank projection.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const bool SCALED = false;
#include "levels.glsl"

layout(push_constant, scalar) uniform Push {
    Floats values; // rows of stride floats
    Floats extremes;
    Words lowRankB; // rank rows of stride bytes in sign order
    Words encoded;  // rows of stride bytes
    Words meta;
    Run run;
    int cols;
    int stride;
    int rank;
    int extremeCount; // of a row
    int bits;
    int keepFloats; // 1: values become what the levels stand for
    float clipLow;
    float clipHigh;
}
p;

#define TOKEN gl_WorkGroupID.y
#define VALUE_AT(column) p.values.at[TOKEN * uint(p.stride) + (column)]
#include "row_levels.glsl"

// Every team looks at all extremes for itself: cheaper than waiting for each other.
vec2 rowGrid(float steps) {
    float least = 0.0;
    float most = 0.0;
    for (uint i = LANE; i < uint(p.extremeCount); i += LANES) {
        const uint at = 2u * (TOKEN * uint(p.extremeCount) + i);
        widen(p.extremes.at[at], least, most);
        widen(p.extremes.at[at + 1u], least, most);
    }
    precise const float low = p.clipLow * teamMin(least);
    precise const float high = p.clipHigh * teamMax(most);
    return gridOf(low, high, steps);
}

void main() {
    if (TOKEN >= uint(runRows(p.run)))
        return;
    const uint words = uint(p.stride) / 4u;
    const uint word = gl_GlobalInvocationID.x;
    requestB(0u, word, words);
    requestValues(word);
    const float steps = float((1 << p.bits) - 1);
    makeLevels(TOKEN, word, rowGrid(steps), steps);
    if (word < words && p.keepFloats != 0)
        [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
            VALUE_AT(columnOf(word, byte)) = x[byte];
}
