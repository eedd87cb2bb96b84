#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Causal attention of one query head of one token by one workgroup: softmax of q k / sqrt(headDim)
// over positions 0 .. position + row, in blocks of as many positions as there are invocations, the
// sums rescaled whenever a block has a greater score (Milakov and Gimelshein 2018).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const bool F32_CACHE = false;
layout(constant_id = 3) const int HEAD_DIM = 64;

layout(push_constant, scalar) uniform Push {
    Floats q; // rotated
    Floats outputs;
    Run run;
    int layer;
    int heads;
    int kvHeads;
}
p;

#define ALL gl_WorkGroupSize.x
#define PAIRS (uint(HEAD_DIM) / 2u)
// Positions whose values are summed side by side, each by `pairs` invocations.
#define LINES (ALL / PAIRS)

shared float query[HEAD_DIM];
shared float weights[gl_WorkGroupSize.x];
shared vec2 sums[gl_WorkGroupSize.x];

vec2 pairAt(Words cache, uint element) {
    if (F32_CACHE)
        return vec2(uintBitsToFloat(cache.at[element]), uintBitsToFloat(cache.at[element + 1u]));
    return unpackHalf2x16(cache.at[element / 2u]);
}

float score(Words keys, uint element) {
    float sum = 0.0;
    for (uint d = 0u; d < uint(HEAD_DIM); d += 2u) {
        const vec2 key = pairAt(keys, element + d);
        sum += query[d] * key.x + query[d + 1u] * key.y;
    }
    return sum / sqrt(float(HEAD_DIM));
}

void main() {
    const uint self = gl_LocalInvocationID.x;
    const uint head = gl_WorkGroupID.x;
    const uint row = gl_WorkGroupID.y;
    if (row >= uint(runRows(p.run)))
        return;
    const uint positions = uint(p.run.position) + row + 1u;
    const uint dim = uint(HEAD_DIM);
    const uint kvHead = head / (uint(p.heads) / uint(p.kvHeads));
    const uint cacheBase = kvHead * uint(p.run.capacity) * dim;
    CacheLayer cache = p.run.layers.at[p.layer];
    const uint queryBase = (row * uint(p.heads) + head) * dim;
    for (uint d = self; d < dim; d += ALL)
        query[d] = p.q.at[queryBase + d];
    barrier();

    const uint line = self / PAIRS;
    const uint pair = self % PAIRS;
    float largest = -1e30;
    float total = 0.0;
    vec2 sum = vec2(0.0);
    for (uint begin = 0u; begin < positions; begin += ALL) {
        const uint count = min(ALL, positions - begin);
        const float own =
            self < count ? score(cache.keys, cacheBase + (begin + self) * dim) : -1e30;
        const float top = max(largest, groupMax(own));
        const float weight = self < count ? exp(own - top) : 0.0;
        const float shrink = exp(largest - top);
        weights[self] = weight;
        total = total * shrink + groupAdd(weight); // the barriers in it publish the weights
        sum *= shrink;
        if (line < LINES)
            for (uint i = line; i < count; i += LINES)
                sum += weights[i] * pairAt(cache.values, cacheBase + (begin + i) * dim + 2u * pair);
        largest = top;
        barrier();
    }
    sums[self] = sum;
    barrier();
    if (self < PAIRS) {
        vec2 joined = vec2(0.0);
        for (uint i = 0u; i < LINES; ++i)
            joined += sums[i * PAIRS + self];
        p.outputs.at[queryBase + 2u * self] = joined.x / total;
        p.outputs.at[queryBase + 2u * self + 1u] = joined.y / total;
    }
}
