#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Causal attention of one query head of one token by one workgroup: softmax of q k / sqrt(headDim)
// over positions 0 .. position + row, in blocks of as many positions as there are invocations, the
// sums rescaled whenever a block has a greater score (Milakov and Gimelshein 2018).
//
// A single row places its own key and value as well (place.comp does it for a batch): every workgroup
// of a key-value head computes them for itself, as the cache would hold them, and the first of them
// writes them there, so that nobody waits for the cache.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "cache.glsl"
#include "team.glsl"
#ifdef WAITING // for the products before instead of a barrier; of a single row
#extension GL_KHR_shader_subgroup_shuffle : require
#include "waiting.glsl"
#define OPERAND Flagged
layout(constant_id = 4) const bool AWAITS = false; // q, k and v carry flags; else behind a barrier
#else
#define OPERAND Floats
#endif

layout(constant_id = 2) const uint CACHE = 1u; // F32_CACHE, F16_CACHE or INT8_CACHE
layout(constant_id = 3) const int HEAD_DIM = 64;

layout(push_constant, scalar) uniform Push {
    OPERAND q; // rotated, or as k and v not yet: SINGLE_ROW
    OPERAND k;
    OPERAND v;
    Floats rotary; // of a single row: headDim / 2 cosines, headDim / 2 sines
    OPERAND outputs;
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

// Values that are on their way at once.
const uint AT_ONCE = 8u;

shared float query[HEAD_DIM];
shared float ownKey[SINGLE_ROW ? HEAD_DIM : 1];
shared float ownValue[SINGLE_ROW ? HEAD_DIM : 1];
shared float weights[gl_WorkGroupSize.x];
shared vec2 sums[gl_WorkGroupSize.x];

vec2 pairAt(Words cache, uint element) {
    if (CACHE == F32_CACHE)
        return vec2(uintBitsToFloat(cache.at[element]), uintBitsToFloat(cache.at[element + 1u]));
    if (CACHE == INT8_CACHE) {
        const uint word = cache.at[element / 4u];
        return vec2(int8At(word, element % 4u), int8At(word, element % 4u + 1u));
    }
    return unpackHalf2x16(cache.at[element / 2u]);
}

// Element d of a head and what it is rotated with, rotated (half-split order, backend.h AttendSpec).
float rotated(float own, float other, uint d) {
    const uint half_ = uint(HEAD_DIM) / 2u;
    const float cosine = p.rotary.at[d % half_];
    const float sine = p.rotary.at[d % half_ + half_];
    return own * cosine + (d < half_ ? -other : other) * sine;
}

// Element d of query, key and value, before rotation; all are asked for at once.
#ifdef WAITING
#define OUTPUT(i, value) LEAVE(p.outputs, i, flagged(value));
#define REQUEST(i, from, element) wanted[i] = LOOK(from, element);
#define WANTED(i) uintBitsToFloat(wanted[i])
uint wanted[5];
bool wantedAreThere() {
    return !AWAITS || isThere(wanted[0] & wanted[1] & wanted[2] & wanted[3] & wanted[4]);
}
#else
#define OUTPUT(i, value) p.outputs.at[i] = value;
#define REQUEST(i, from, element) wanted[i] = from.at[element];
#define WANTED(i) wanted[i]
float wanted[5];
bool wantedAreThere() {
    return true;
}
#endif
void requestOwn(uint queryBase, uint keyBase, uint d) {
    const uint other = d < uint(HEAD_DIM) / 2u ? d + uint(HEAD_DIM) / 2u : d - uint(HEAD_DIM) / 2u;
    REQUEST(0, p.q, queryBase + d)
    REQUEST(1, p.q, queryBase + other)
    REQUEST(2, p.k, keyBase + d)
    REQUEST(3, p.k, keyBase + other)
    REQUEST(4, p.v, keyBase + d)
}
// As the cache keeps it. scale: of INT8_CACHE.
float kept(float value, float scale) {
    if (CACHE == INT8_CACHE)
        return levelOf(value, scale) * scale;
    return CACHE == F32_CACHE ? value : unpackHalf2x16(packHalf2x16(vec2(value, 0.0))).x;
}

// What the elements of a cached row are to be multiplied by.
float scaleAt(Words cache, uint kvHead, uint position) {
    if (CACHE != INT8_CACHE)
        return 1.0;
    const uint scales = uint(p.kvHeads) * uint(p.run.capacity) * uint(HEAD_DIM) / 4u;
    return uintBitsToFloat(cache.at[scales + kvHead * uint(p.run.capacity) + position]);
}

void store(Words cache, uint element, vec2 pair) {
    if (CACHE == F32_CACHE) {
        cache.at[element] = floatBitsToUint(pair.x);
        cache.at[element + 1u] = floatBitsToUint(pair.y);
    } else {
        cache.at[element / 2u] = packHalf2x16(pair);
    }
}

void storeBytes(CacheLayer cache, uint kvHead, uint element, vec2 scales) {
    const uint dim = uint(HEAD_DIM);
    for (uint d = 4u * gl_LocalInvocationID.x; d < dim; d += 4u * ALL) {
        cache.keys.at[(element + d) / 4u] =
            bytesOf(vec4(ownKey[d], ownKey[d + 1u], ownKey[d + 2u], ownKey[d + 3u]), scales.x);
        cache.values.at[(element + d) / 4u] = bytesOf(
            vec4(ownValue[d], ownValue[d + 1u], ownValue[d + 2u], ownValue[d + 3u]), scales.y);
    }
    if (gl_LocalInvocationID.x == 0u) {
        const uint at = uint(p.kvHeads) * uint(p.run.capacity) * dim / 4u + element / dim;
        cache.keys.at[at] = floatBitsToUint(scales.x);
        cache.values.at[at] = floatBitsToUint(scales.y);
    }
}

// The query, key and value of a single row; `element`: where the cache keeps them.
void place(CacheLayer cache, uint queryBase, uint kvHead, uint element, bool writes) {
    const uint dim = uint(HEAD_DIM);
    float mostKey = 0.0;
    float mostValue = 0.0;
    for (uint d = gl_LocalInvocationID.x; d < dim; d += ALL) {
        do
            requestOwn(queryBase, kvHead * dim, d);
        while (!wantedAreThere());
        query[d] = rotated(WANTED(0), WANTED(1), d);
        ownKey[d] = rotated(WANTED(2), WANTED(3), d);
        ownValue[d] = WANTED(4);
        mostKey = max(mostKey, abs(ownKey[d]));
        mostValue = max(mostValue, abs(ownValue[d]));
    }
    vec2 scales = vec2(1.0);
    if (CACHE == INT8_CACHE)
        scales = vec2(byteScale(groupMax(mostKey)), byteScale(groupMax(mostValue)));
    for (uint d = gl_LocalInvocationID.x; d < dim; d += ALL) {
        ownKey[d] = kept(ownKey[d], scales.x);
        ownValue[d] = kept(ownValue[d], scales.y);
    }
    barrier();
    if (writes && CACHE == INT8_CACHE) {
        storeBytes(cache, kvHead, element, scales);
    } else if (writes)
        for (uint d = 2u * gl_LocalInvocationID.x; d < dim; d += 2u * ALL) {
            store(cache.keys, element + d, vec2(ownKey[d], ownKey[d + 1u]));
            store(cache.values, element + d, vec2(ownValue[d], ownValue[d + 1u]));
        }
}

float ownScore() {
    float sum = 0.0;
    for (uint d = 0u; d < uint(HEAD_DIM); ++d)
        sum += query[d] * ownKey[d];
    return sum / sqrt(float(HEAD_DIM));
}

float score(Words keys, uint element) {
    float sum = 0.0;
    if (CACHE == INT8_CACHE && HEAD_DIM % 16 == 0) {
        Quads quads = Quads(keys);
        for (uint d = 0u; d < uint(HEAD_DIM); d += 16u) {
            const uvec4 sixteen = quads.at[(element + d) / 16u];
            [[unroll]] for (uint i = 0u; i < 16u; ++i)
                sum += query[d + i] * int8At(sixteen[i / 4u], i % 4u);
        }
        return sum / sqrt(float(HEAD_DIM));
    }
    if (CACHE == F16_CACHE && HEAD_DIM % 8 == 0) {
        Quads quads = Quads(keys);
        for (uint d = 0u; d < uint(HEAD_DIM); d += 8u) {
            const uvec4 eight = quads.at[(element + d) / 8u];
            [[unroll]] for (uint i = 0u; i < 4u; ++i) {
                const vec2 key = unpackHalf2x16(eight[i]);
                sum += query[d + 2u * i] * key.x + query[d + 2u * i + 1u] * key.y;
            }
        }
        return sum / sqrt(float(HEAD_DIM));
    }
    for (uint d = 0u; d < uint(HEAD_DIM); d += 2u) {
        const vec2 key = pairAt(keys, element + d);
        sum += query[d] * key.x + query[d + 1u] * key.y;
    }
    return sum / sqrt(float(HEAD_DIM));
}

#ifdef WAITING
// A key by neighbouring invocations, 8 elements each: their loads are one piece of memory, and the
// query's elements stay in registers.
const uint KEY_LANES = uint(HEAD_DIM) / 8u;
const bool EIGHTS = CACHE == F16_CACHE && HEAD_DIM % 8 == 0 && (KEY_LANES & (KEY_LANES - 1u)) == 0u;
const uint KEYS_AT_ONCE = 4u;

float ownEight[8]; // of the query

void scoreEight(float key[8], uint at, bool inside) {
    float sum = 0.0;
    [[unroll]] for (uint i = 0u; i < 8u; ++i)
        sum += ownEight[i] * key[i];
    for (uint other = KEY_LANES / 2u; other > 0u; other /= 2u)
        sum += subgroupShuffleXor(sum, other);
    if (inside && gl_LocalInvocationID.x % KEY_LANES == 0u)
        weights[at] = sum / sqrt(float(HEAD_DIM));
}

// Scores of `stored` positions of the cache from element `first` on and, behind them, of the row's own
// where `withOwn`, to weights.
void scoreTogether(Words keys, uint first, uint stored, bool withOwn) {
    const uint part = gl_LocalInvocationID.x % KEY_LANES;
    const uint line = gl_LocalInvocationID.x / KEY_LANES;
    const uint step = ALL / KEY_LANES;
    Quads quads = Quads(keys);
    float key[8];
    [[unroll]] for (uint i = 0u; i < 8u; ++i) {
        ownEight[i] = query[8u * part + i];
        key[i] = ownKey[8u * part + i];
    }
    if (withOwn)
        scoreEight(key, stored, line == 0u);
    for (uint base = 0u; base < stored; base += KEYS_AT_ONCE * step) {
        uvec4 eight[KEYS_AT_ONCE];
        [[unroll]] for (uint k = 0u; k < KEYS_AT_ONCE; ++k)
            eight[k] = quads.at[first / 8u + min(base + k * step + line, stored - 1u) * KEY_LANES + part];
        [[unroll]] for (uint k = 0u; k < KEYS_AT_ONCE; ++k) {
            [[unroll]] for (uint i = 0u; i < 4u; ++i) {
                const vec2 pair = unpackHalf2x16(eight[k][i]);
                key[2u * i] = pair.x;
                key[2u * i + 1u] = pair.y;
            }
            const uint at = base + k * step + line;
            scoreEight(key, at, at < stored);
        }
    }
    barrier();
}
#endif

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
    const uint group = uint(p.heads) / uint(p.kvHeads);
    if (SINGLE_ROW)
        place(cache, queryBase, kvHead, cacheBase + (positions - 1u) * dim, head % group == 0u);
#ifndef WAITING
    for (uint d = self; !SINGLE_ROW && d < dim; d += ALL)
        query[d] = p.q.at[queryBase + d];
    barrier();
#endif
    // What the cache holds already.
    const uint cached = SINGLE_ROW ? positions - 1u : positions;

    const uint line = self / PAIRS;
    const uint pair = self % PAIRS;
    float largest = -1e30;
    float total = 0.0;
    vec2 sum = vec2(0.0);
    for (uint begin = 0u; begin < positions; begin += ALL) {
        const uint count = min(ALL, positions - begin);
        float own = -1e30;
        const uint stored = min(count, cached - min(cached, begin));
#ifdef WAITING
        const bool together = EIGHTS && KEY_LANES <= gl_SubgroupSize;
        if (together) {
            scoreTogether(cache.keys, cacheBase + begin * dim, stored, stored < count);
            own = self < count ? weights[self] : own;
        } else
#endif
        if (begin + self < cached)
            own = score(cache.keys, cacheBase + (begin + self) * dim) *
                  scaleAt(cache.keys, kvHead, begin + self);
        else if (SINGLE_ROW && self < count)
            own = ownScore();
        const float top = max(largest, groupMax(own));
        const float weight = self < count ? exp(own - top) : 0.0;
        const float shrink = exp(largest - top);
        weights[self] = begin + self < cached ? weight * scaleAt(cache.values, kvHead, begin + self) : weight;
        total = total * shrink + groupAdd(weight); // the barriers in it publish the weights
        sum *= shrink;
        if (line < LINES) {
            for (uint i = line; i < stored; i += AT_ONCE * LINES) {
                vec2 value[AT_ONCE];
                [[unroll]] for (uint k = 0u; k < AT_ONCE; ++k)
                    value[k] = pairAt(cache.values, cacheBase + 2u * pair +
                                                        (begin + min(i + k * LINES, stored - 1u)) * dim);
                [[unroll]] for (uint k = 0u; k < AT_ONCE; ++k)
                    if (i + k * LINES < stored)
                        sum += weights[i + k * LINES] * value[k];
            }
            if (SINGLE_ROW && stored < count && line == 0u)
                sum += weights[stored] * vec2(ownValue[2u * pair], ownValue[2u * pair + 1u]);
        }
        largest = top;
        barrier();
    }
    sums[self] = sum;
    barrier();
    if (self < PAIRS) {
        vec2 joined = vec2(0.0);
        for (uint i = 0u; i < LINES; ++i)
            joined += sums[i * PAIRS + self];
        OUTPUT(queryBase + 2u * self, joined.x / total)
        OUTPUT(queryBase + 2u * self + 1u, joined.y / total)
    }
}
