#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of a weight times TOKENS rows of a prepared input, with scale, mean, low rank and residual in
// the epilogue. A team of invocations takes ROWS weight rows at a time, each lane every LANES-th
// 16 bytes of them. Built once a weight kind: F32, F16, INT8, SIGNS (float input), LEVELS (signs
// with quantized input: exact integers).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int TOKENS = 1;
layout(constant_id = 3) const int ROWS = 1;
layout(constant_id = 4) const bool SCALED = false;
// Read the last row of the run and write row 0.
layout(constant_id = 5) const bool LAST_ROW = false;

#include "product.glsl"

vec4 valuesAt(uint quad) {
    return uintBitsToFloat(p.x.at[quad]);
}

float signedBy(float value, uint word, uint bit) {
    return uintBitsToFloat(floatBitsToUint(value) ^ (~(word << (31u - bit)) & 0x80000000u));
}

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
        sum = wordSum(w[i], p.x.at[input_ + 8u * c + 2u * i],
                      p.x.at[input_ + 8u * c + 2u * i + 1u], sum);
#endif
    return sum;
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
