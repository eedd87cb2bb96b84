#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of a weight times TOKENS rows of a prepared input, with scale, mean, low rank and residual in
// the epilogue. A team of invocations takes ROWS weight rows at a time, each lane every LANES-th
// 16 bytes of them. Built once a weight kind: F32, F16, INT8, SIGNS (float input), LEVELS (signs
// with quantized input: exact integers).
//
// LEVELS, for 32 signs in a word v: (v >> g) & 0x01010101 spreads 4 signs over bytes that the packed
// unsigned dot product (OpUDot) multiplies with 4 activations, 23 instructions a word. SCALED keeps
// 3 of 8 bits in place instead, masks 1, 2, 4 against activations times 4, 2, 1: two shifts a word,
// 18 instructions, all products times 4 (63 * 4 = 252 fits an unsigned byte).
// Without INTEGER_DOT the selected bytes are added up in pairs of 16 bits.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int TOKENS = 1;
layout(constant_id = 3) const int ROWS = 1;
layout(constant_id = 4) const bool SCALED = false;
// Read the last row of the run and write row 0.
layout(constant_id = 5) const bool LAST_ROW = false;

const int SCALE = 1;
const int MEAN = 2;
const int ACCUMULATE = 4;

layout(push_constant, scalar) uniform Push {
    Quads weights; // rows of rowQuads
    Quads x;       // x'' as floats, or levels in sign order; rows of inputQuads
    Words meta;    // rows of META_WORDS + metaRank
    Floats scale;
    Floats mean;
    Ints signSum;
    Words lowRankA; // rows of (rank + 3) / 4 words
    Floats lowRankAScale;
    Floats outputs; // rows of outputStride
    Run run;
    int rows;
    int rowQuads;
    int inputQuads;
    int rank;
    int metaRank;
    int outputStride;
    int flags;
}
p;

#ifdef LEVELS
#define SUM uint
#else
#define SUM float
#endif

#ifdef INTEGER_DOT
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6018, 6019], id = 4451)
uint dot4x8(uint a, uint b, spirv_literal int format); // OpUDot; 0 = PackedVectorFormat4x8Bit
#endif

vec4 valuesAt(uint quad) {
    return uintBitsToFloat(p.x.at[quad]);
}

float signedBy(float value, uint word, uint bit) {
    return uintBitsToFloat(floatBitsToUint(value) ^ (~(word << (31u - bit)) & 0x80000000u));
}

#ifdef LEVELS
uint wordSum(uint v, uvec4 low, uvec4 high) {
#ifdef INTEGER_DOT
    uint sum;
    if (SCALED) {
        const uint v1 = v >> 3;
        const uint v2 = v >> 6;
        sum = dot4x8(v & 0x01010101u, low.x, 0);
        sum += dot4x8(v & 0x02020202u, low.y, 0);
        sum += dot4x8(v & 0x04040404u, low.z, 0);
        sum += dot4x8(v1 & 0x01010101u, low.w, 0);
        sum += dot4x8(v1 & 0x02020202u, high.x, 0);
        sum += dot4x8(v1 & 0x04040404u, high.y, 0);
        sum += dot4x8(v2 & 0x01010101u, high.z, 0);
        sum += dot4x8(v2 & 0x02020202u, high.w, 0);
        return sum;
    }
    sum = dot4x8(v & 0x01010101u, low.x, 0);
    sum += dot4x8(v >> 1 & 0x01010101u, low.y, 0);
    sum += dot4x8(v >> 2 & 0x01010101u, low.z, 0);
    sum += dot4x8(v >> 3 & 0x01010101u, low.w, 0);
    sum += dot4x8(v >> 4 & 0x01010101u, high.x, 0);
    sum += dot4x8(v >> 5 & 0x01010101u, high.y, 0);
    sum += dot4x8(v >> 6 & 0x01010101u, high.z, 0);
    sum += dot4x8(v >> 7 & 0x01010101u, high.w, 0);
    return sum;
#else
    uint pairs = 0u; // two sums of 16 selected bytes each
    for (uint g = 0u; g < 8u; ++g) {
        const uint q = g < 4u ? low[g] : high[g - 4u];
        const uint chosen = q & (v >> g & 0x01010101u) * 255u;
        pairs += (chosen & 0x00ff00ffu) + (chosen >> 8 & 0x00ff00ffu);
    }
    return (pairs & 0xffffu) + (pairs >> 16);
#endif
}
#endif

// The part of quad `c` of one weight row in its product with one input row.
SUM quadSum(uvec4 w, uint c, uint input_) {
    SUM sum = SUM(0);
#if defined(F32)
    sum = dot(uintBitsToFloat(w), valuesAt(input_ + c));
#elif defined(F16)
    const vec4 low = valuesAt(input_ + 2u * c);
    const vec4 high = valuesAt(input_ + 2u * c + 1u);
    sum = dot(vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y)), low) +
          dot(vec4(unpackHalf2x16(w.z), unpackHalf2x16(w.w)), high);
#elif defined(INT8)
    for (uint i = 0u; i < 4u; ++i)
        sum += dot(vec4(int8At(w[i], 0u), int8At(w[i], 1u), int8At(w[i], 2u), int8At(w[i], 3u)),
                   valuesAt(input_ + 4u * c + i));
#elif defined(SIGNS)
    for (uint i = 0u; i < 32u; ++i) {
        const vec4 x = valuesAt(input_ + 32u * c + i);
        const uint bit = 4u * (i % 8u);
        const uint word = w[i / 8u];
        sum += signedBy(x.x, word, bit) + signedBy(x.y, word, bit + 1u) +
               signedBy(x.z, word, bit + 2u) + signedBy(x.w, word, bit + 3u);
    }
#else
    for (uint i = 0u; i < 4u; ++i)
        sum += wordSum(w[i], p.x.at[input_ + 8u * c + 2u * i],
                       p.x.at[input_ + 8u * c + 2u * i + 1u]);
#endif
    return sum;
}

void finish(uint row, uint token, SUM sum) {
    if (row >= uint(p.rows) || token >= (LAST_ROW ? 1u : uint(runRows(p.run))))
        return;
    const uint meta = token * (META_WORDS + uint(p.metaRank));
#ifdef LEVELS
    const int set = int(SCALED ? sum >> 2 : sum);
    const int u = 2 * set - int(p.meta.at[meta + 3u]) - int(p.meta.at[meta + 2u]) * p.signSum.at[row];
    float value = p.scale.at[row] * (uintBitsToFloat(p.meta.at[meta]) * float(u));
#else
    float value = (p.flags & SCALE) != 0 ? p.scale.at[row] * sum : sum;
#endif
    if ((p.flags & MEAN) != 0)
        value += p.mean.at[row] * uintBitsToFloat(p.meta.at[meta + 1u]);
    const uint words = (uint(p.rank) + 3u) / 4u;
    for (uint k = 0u; k < uint(p.rank); ++k)
        value += int8At(p.lowRankA.at[row * words + k / 4u], k % 4u) *
                 (p.lowRankAScale.at[k] * uintBitsToFloat(p.meta.at[meta + META_WORDS + k]));
    const uint at = token * uint(p.outputStride) + row;
    p.outputs.at[at] = (p.flags & ACCUMULATE) != 0 ? p.outputs.at[at] + value : value;
}

void main() {
    const uint lastRow = uint(p.rows) - 1u;
    const uint firstToken = gl_WorkGroupID.y * uint(TOKENS);
    const uint lastToken = LAST_ROW ? 0u : uint(runRows(p.run)) - 1u;
    const uint step = gl_NumWorkGroups.x * TEAMS * uint(ROWS);
    for (uint base = gl_WorkGroupID.x * TEAMS * uint(ROWS); base < uint(p.rows); base += step) {
        const uint first = base + TEAM * uint(ROWS);
        SUM sums[ROWS * TOKENS];
        [[unroll]] for (int i = 0; i < ROWS * TOKENS; ++i)
            sums[i] = SUM(0);
        if (first < uint(p.rows))
            for (uint c = LANE; c < uint(p.rowQuads); c += LANES)
                [[unroll]] for (int r = 0; r < ROWS; ++r) {
                    const uvec4 w = p.weights.at[min(first + uint(r), lastRow) * uint(p.rowQuads) + c];
                    [[unroll]] for (int t = 0; t < TOKENS; ++t) {
                        const uint token = min(firstToken + uint(t), lastToken);
                        sums[r * TOKENS + t] += quadSum(w, c, token * uint(p.inputQuads));
                    }
                }
        // Lane i finishes output i of the team, so that epilogues run side by side.
        SUM mine = SUM(0);
        [[unroll]] for (int i = 0; i < ROWS * TOKENS; ++i) {
            const SUM total = teamAdd(sums[i]);
            if (LANE == uint(i) % LANES)
                mine = total;
            if ((uint(i) + 1u) % LANES == 0u || i + 1 == ROWS * TOKENS) {
                const uint own = uint(i) / LANES * LANES + LANE;
                if (own <= uint(i))
                    finish(first + own / uint(TOKENS), firstToken + own % uint(TOKENS), mine);
            }
        }
    }
}
