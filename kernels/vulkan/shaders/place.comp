#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rotary embedding (half-split order, backend.h AttendSpec): rotates q into a buffer, k into the
// cache beside v, for the rows of a batch. One invocation makes one pair of neighbouring elements.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "cache.glsl"

layout(constant_id = 2) const uint CACHE = 1u; // F32_CACHE, F16_CACHE or INT8_CACHE

layout(push_constant, scalar) uniform Push {
    Floats q;
    Floats k;
    Floats v;
    Floats rotatedQ;
    Floats rotary; // per row: headDim / 2 cosines, headDim / 2 sines
    Run run;
    int layer;
    int heads;
    int kvHeads;
    int headDim;
}
p;

float rotated(Floats x, uint first, uint d, uint angles) {
    const uint half_ = uint(p.headDim) / 2u;
    const uint angle = angles + d % half_;
    const float cosine = p.rotary.at[angle];
    const float sine = p.rotary.at[angle + half_];
    return d < half_ ? x.at[first + d] * cosine - x.at[first + d + half_] * sine
                     : x.at[first + d] * cosine + x.at[first + d - half_] * sine;
}

void store(Words cache, uint element, vec2 pair) {
    if (CACHE == F32_CACHE) {
        cache.at[element] = floatBitsToUint(pair.x);
        cache.at[element + 1u] = floatBitsToUint(pair.y);
    } else {
        cache.at[element / 2u] = packHalf2x16(pair);
    }
}

// Four neighbouring elements of a key and of a value, from d on, in 8 bits. Everybody looks for the
// greatest magnitudes of the head: prompts have the rows to keep the device busy meanwhile.
void storeBytes(CacheLayer cache, uint kvHead, uint position, uint first, uint d, uint angles) {
    const uint dim = uint(p.headDim);
    float mostKey = 0.0;
    float mostValue = 0.0;
    for (uint i = 0u; i < dim; ++i) {
        mostKey = max(mostKey, abs(rotated(p.k, first, i, angles)));
        mostValue = max(mostValue, abs(p.v.at[first + i]));
    }
    vec4 key;
    vec4 value;
    for (uint i = 0u; i < 4u; ++i) {
        key[i] = rotated(p.k, first, d + i, angles);
        value[i] = p.v.at[first + d + i];
    }
    const uint slot = kvHead * uint(p.run.capacity) + position;
    cache.keys.at[(slot * dim + d) / 4u] = bytesOf(key, byteScale(mostKey));
    cache.values.at[(slot * dim + d) / 4u] = bytesOf(value, byteScale(mostValue));
    if (d == 0u) {
        const uint scales = uint(p.kvHeads) * uint(p.run.capacity) * dim / 4u;
        cache.keys.at[scales + slot] = floatBitsToUint(byteScale(mostKey));
        cache.values.at[scales + slot] = floatBitsToUint(byteScale(mostValue));
    }
}

void main() {
    const uint row = gl_WorkGroupID.y;
    const uint dim = uint(p.headDim);
    const uint pair = gl_GlobalInvocationID.x;
    const uint queryPairs = uint(p.heads) * dim / 2u;
    const uint keyPairs = uint(p.kvHeads) * dim / 2u;
    if (row >= uint(runRows(p.run)) || pair >= queryPairs + keyPairs)
        return;
    const uint angles = row * dim;
    if (pair < queryPairs) {
        const uint at = 2u * pair;
        const uint first = row * 2u * queryPairs + at / dim * dim;
        const uint out_ = row * 2u * queryPairs + at;
        p.rotatedQ.at[out_] = rotated(p.q, first, at % dim, angles);
        p.rotatedQ.at[out_ + 1u] = rotated(p.q, first, at % dim + 1u, angles);
        return;
    }
    if (CACHE == INT8_CACHE) {
        const uint quad = pair - queryPairs;
        const uint kvHead = 4u * quad / dim;
        if (kvHead < uint(p.kvHeads))
            storeBytes(p.run.layers.at[p.layer], kvHead, uint(p.run.position) + row,
                       row * 2u * keyPairs + kvHead * dim, 4u * quad % dim, angles);
        return;
    }
    const uint at = 2u * (pair - queryPairs);
    const uint d = at % dim;
    const uint first = row * 2u * keyPairs + at / dim * dim;
    const uint position = uint(p.run.position) + row;
    const uint element = (at / dim * uint(p.run.capacity) + position) * dim + d;
    CacheLayer cache = p.run.layers.at[p.layer];
    store(cache.keys, element, vec2(rotated(p.k, first, d, angles), rotated(p.k, first, d + 1u, angles)));
    store(cache.values, element, vec2(p.v.at[first + d], p.v.at[first + d + 1u]));
}
