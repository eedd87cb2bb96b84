#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Attention of a prompt (attend.comp says what it computes) of one head of ROWS tokens by one
// workgroup: keys and values come once for all of them. A token by itself reads 64 KB for every 128
// positions and multiplies each value once; on an H200 that was 3.8 TB/s from its cache, 280 us for 128
// tokens of 320 positions each, and is 86 (qwen3-32b; predicted 100). Keys and values are halves.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int HEAD_DIM = 64; // a multiple of 8
const int FOURS = 2; // of tokens
const uint ROWS = 4u * uint(FOURS);

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
// Positions whose values are summed side by side, each by `PAIRS` invocations.
#define LINES (ALL / PAIRS)
const uint AT_ONCE = 8u; // values on their way

shared vec4 query[HEAD_DIM * FOURS]; // [element][four]
shared vec4 weights[gl_WorkGroupSize.x * FOURS];
shared vec4 teamFours[MOST_TEAMS * FOURS];
shared vec2 sums[gl_WorkGroupSize.x];

vec4 teamMaxFour(vec4 x) {
    return vec4(teamMax(x.x), teamMax(x.y), teamMax(x.z), teamMax(x.w));
}
vec4 teamAddFour(vec4 x) {
    return vec4(teamAdd(x.x), teamAdd(x.y), teamAdd(x.z), teamAdd(x.w));
}

// Of the workgroup, to all of it.
void joinMax(inout vec4 x[FOURS]) {
    [[unroll]] for (int f = 0; f < FOURS; ++f) {
        x[f] = teamMaxFour(x[f]);
        if (LANE == 0u)
            teamFours[TEAM * uint(FOURS) + uint(f)] = x[f];
    }
    barrier();
    for (uint team = 0u; team < TEAMS; ++team)
        [[unroll]] for (int f = 0; f < FOURS; ++f)
            x[f] = max(x[f], teamFours[team * uint(FOURS) + uint(f)]);
    barrier();
}
void joinSum(inout vec4 x[FOURS]) {
    [[unroll]] for (int f = 0; f < FOURS; ++f) {
        x[f] = teamAddFour(x[f]);
        if (LANE == 0u)
            teamFours[TEAM * uint(FOURS) + uint(f)] = x[f];
    }
    barrier();
    [[unroll]] for (int f = 0; f < FOURS; ++f)
        x[f] = vec4(0.0);
    for (uint team = 0u; team < TEAMS; ++team)
        [[unroll]] for (int f = 0; f < FOURS; ++f)
            x[f] += teamFours[team * uint(FOURS) + uint(f)];
    barrier();
}

uint firstRow;
uint rows;

// Of token `i` of this workgroup; those past the run repeat its last.
uint queryBase(uint i, uint head) {
    return (min(firstRow + i, rows - 1u) * uint(p.heads) + head) * uint(HEAD_DIM);
}

void requestQueries(uint head) {
    for (uint i = gl_LocalInvocationID.x; i < uint(HEAD_DIM) * ROWS; i += ALL) {
        const uint token = i / uint(HEAD_DIM);
        const uint d = i % uint(HEAD_DIM);
        query[d * uint(FOURS) + token / 4u][token % 4u] = p.q.at[queryBase(token, head) + d];
    }
    barrier();
}

void scores(Quads keys, uint quad, out vec4 sum[FOURS]) {
    [[unroll]] for (int f = 0; f < FOURS; ++f)
        sum[f] = vec4(0.0);
    for (uint d = 0u; d < uint(HEAD_DIM); d += 8u) {
        const uvec4 eight = keys.at[quad + d / 8u];
        [[unroll]] for (uint i = 0u; i < 4u; ++i) {
            const vec2 pair = unpackHalf2x16(eight[i]);
            [[unroll]] for (uint c = 0u; c < 2u; ++c)
                [[unroll]] for (uint f = 0u; f < uint(FOURS); ++f)
                    sum[f] += query[(d + 2u * i + c) * uint(FOURS) + f] * pair[c];
        }
    }
    [[unroll]] for (int f = 0; f < FOURS; ++f)
        sum[f] /= sqrt(float(HEAD_DIM));
}

// Tokens of four `f` see positions before this plus their place among the workgroup's.
bvec4 sees(uint position, int f) {
    const uvec4 places = uvec4(0u, 1u, 2u, 3u) + 4u * uint(f);
    return lessThan(uvec4(position), uvec4(uint(p.run.position) + firstRow + 1u) + places);
}

vec2 total[ROWS]; // of a pair of elements

void addValues(Words values, uint first, uint count) {
    const uint line = gl_LocalInvocationID.x / PAIRS;
    const uint pair = gl_LocalInvocationID.x % PAIRS;
    if (line >= LINES)
        return;
    for (uint i = line; i < count; i += AT_ONCE * LINES) {
        uint value[AT_ONCE];
        [[unroll]] for (uint k = 0u; k < AT_ONCE; ++k)
            value[k] = values.at[first + pair + min(i + k * LINES, count - 1u) * PAIRS];
        [[unroll]] for (uint k = 0u; k < AT_ONCE; ++k)
            if (i + k * LINES < count) {
                const vec2 both = unpackHalf2x16(value[k]);
                [[unroll]] for (uint f = 0u; f < uint(FOURS); ++f) {
                    const vec4 weight = weights[(i + k * LINES) * uint(FOURS) + f];
                    [[unroll]] for (uint c = 0u; c < 4u; ++c)
                        total[4u * f + c] += weight[c] * both;
                }
            }
    }
}

// The sums of all lines over `divisor`, where there is such a token.
void writeTokens(uint head, vec4 divisor[FOURS]) {
    const uint self = gl_LocalInvocationID.x;
    [[unroll]] for (uint token = 0u; token < ROWS; ++token) {
        sums[self] = total[token];
        barrier();
        if (self < PAIRS && firstRow + token < rows) {
            vec2 joined = vec2(0.0);
            for (uint i = 0u; i < LINES; ++i)
                joined += sums[i * PAIRS + self];
            const uint at = queryBase(token, head) + 2u * self;
            p.outputs.at[at] = joined.x / divisor[token / 4u][token % 4u];
            p.outputs.at[at + 1u] = joined.y / divisor[token / 4u][token % 4u];
        }
        barrier();
    }
}

void main() {
    const uint self = gl_LocalInvocationID.x;
    const uint head = gl_WorkGroupID.x;
    firstRow = gl_WorkGroupID.y * ROWS;
    rows = uint(runRows(p.run));
    if (firstRow >= rows)
        return;
    const uint positions = uint(p.run.position) + min(firstRow + ROWS, rows);
    const uint kvHead = head / (uint(p.heads) / uint(p.kvHeads));
    const uint cacheBase = kvHead * uint(p.run.capacity) * uint(HEAD_DIM);
    CacheLayer cache = p.run.layers.at[p.layer];
    requestQueries(head);
    vec4 largest[FOURS], divisor[FOURS];
    [[unroll]] for (int f = 0; f < FOURS; ++f) {
        largest[f] = vec4(-1e30);
        divisor[f] = vec4(0.0);
    }
    [[unroll]] for (uint token = 0u; token < ROWS; ++token)
        total[token] = vec2(0.0);
    for (uint begin = 0u; begin < positions; begin += ALL) {
        const uint count = min(ALL, positions - begin);
        vec4 own[FOURS], top[FOURS];
        scores(Quads(cache.keys), (cacheBase + (begin + min(self, count - 1u)) * uint(HEAD_DIM)) / 8u, own);
        [[unroll]] for (int f = 0; f < FOURS; ++f) {
            own[f] = mix(vec4(-1e30), own[f], self < count ? sees(begin + self, f) : bvec4(false));
            top[f] = own[f];
        }
        joinMax(top);
        [[unroll]] for (int f = 0; f < FOURS; ++f) {
            top[f] = max(top[f], largest[f]);
            const vec4 shrink = exp(largest[f] - top[f]);
            const bvec4 seen = self < count ? sees(begin + self, f) : bvec4(false);
            own[f] = mix(vec4(0.0), exp(own[f] - top[f]), seen);
            weights[self * uint(FOURS) + uint(f)] = own[f];
            divisor[f] *= shrink;
            [[unroll]] for (uint c = 0u; c < 4u; ++c)
                total[4u * uint(f) + c] *= shrink[c];
            largest[f] = top[f];
        }
        joinSum(own); // the barriers in it publish the weights
        [[unroll]] for (int f = 0; f < FOURS; ++f)
            divisor[f] += own[f];
        addValues(cache.values, (cacheBase + begin * uint(HEAD_DIM)) / 2u, count);
        barrier();
    }
    writeTokens(head, divisor);
}
