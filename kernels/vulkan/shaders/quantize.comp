#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Second half of preparing quantized rows (rotate.comp): levels and their low-rank projection. An
// invocation makes one word of levels; sums over the row are integers, so that workgroups add to
// them in any order.
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

#define SELF gl_LocalInvocationID.x

const uint AT_ONCE = 16u;

// Words of B for the projections from k on, wanted before they are needed.
uint b[AT_ONCE];
void request(uint k, uint word, uint words) {
    [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
        b[i] = word < words && k + i < uint(p.rank) ? p.lowRankB.at[(k + i) * words + word] : 0u;
}

// Every team looks at all extremes for itself: cheaper than waiting for each other.
vec2 rowGrid(uint token, float levels) {
    float least = 0.0;
    float most = 0.0;
    for (uint i = LANE; i < uint(p.extremeCount); i += LANES) {
        const uint at = 2u * (token * uint(p.extremeCount) + i);
        widen(p.extremes.at[at], least, most);
        widen(p.extremes.at[at + 1u], least, most);
    }
    precise const float low = p.clipLow * teamMin(least);
    precise const float high = p.clipHigh * teamMax(most);
    return gridOf(low, high, levels);
}

void main() {
    const uint token = gl_WorkGroupID.y;
    if (token >= uint(runRows(p.run)))
        return;
    const uint words = uint(p.stride) / 4u;
    const uint word = gl_GlobalInvocationID.x;
    const bool inside = word < words;
    const uint meta = token * (META_WORDS + uint(p.rank));
    request(0u, word, words);
    float x[4];
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte) {
        const uint column = columnOf(word, byte);
        x[byte] = column < uint(p.cols) ? p.values.at[token * uint(p.stride) + column] : 0.0;
    }
    const float levels = float((1 << p.bits) - 1);
    const vec2 grid = rowGrid(token, levels);
    uint packed = 0u;
    int sum = 0;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        if (columnOf(word, byte) < uint(p.cols)) {
            const uint q = levelOf(x[byte], grid, levels);
            sum += int(q);
            packed |= q << (8u * byte);
            x[byte] = grid.x * float(int(q) - int(grid.y));
        }
    if (inside)
        p.encoded.at[token * words + word] = packed << shiftOf(word);
    if (inside && p.keepFloats != 0)
        for (uint byte = 0u; byte < 4u; ++byte)
            p.values.at[token * uint(p.stride) + columnOf(word, byte)] = x[byte];
    sum = teamAdd(sum);
    if (LANE == 0u)
        atomicAdd(p.meta.at[meta + 3u], uint(sum));
    if (gl_WorkGroupID.x == 0u && SELF == 0u) {
        p.meta.at[meta] = floatBitsToUint(grid.x);
        p.meta.at[meta + 2u] = uint(int(grid.y));
    }
    for (uint k = 0u; k < uint(p.rank); k += AT_ONCE) {
        if (k > 0u)
            request(k, word, words);
        [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i) {
            const int part = teamAdd(dotSigned(b[i], packed));
            if (LANE == 0u && k + i < uint(p.rank))
                atomicAdd(p.meta.at[meta + META_WORDS + k + i], uint(part));
        }
    }
}
