#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Weights of any kind times a batch of float rows: a workgroup of 16 x 16 invocations makes a tile of
// 16 * ROWS outputs by 16 * TOKENS input rows. 32 columns at a time come to shared memory as floats,
// the next ones on their way meanwhile. Built once a weight kind, as linear.comp.
//
// Per 4 columns an invocation loads ROWS + TOKENS times 16 bytes for 4 * ROWS * TOKENS multiply-adds.
// linear.comp, which loads the input anew for every pair of weight rows, took 10 ms for F16
// 25600 x 5120 by 512 on an H200; the multiply-adds alone are 2.3 ms there (128 a clock, 132
// multiprocessors).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 2) const int TOKENS = 4;
layout(constant_id = 3) const int ROWS = 4;
const bool SCALED = false;
const bool LAST_ROW = false;
#include "product.glsl"

const uint SIDE = 16u;
const uint TILE_ROWS = SIDE * uint(ROWS);
const uint TILE_TOKENS = SIDE * uint(TOKENS);
const uint ALL = SIDE * SIDE;
const uint COLUMNS = 32u;            // of a step
const uint EIGHTS = COLUMNS / 8u;    // an invocation brings 8 columns at a time
const int ROW_SHARE = int(TILE_ROWS * EIGHTS / ALL);
const int TOKEN_SHARE = int(TILE_TOKENS * EIGHTS / ALL);
const uint ROW_PITCH = TILE_ROWS + 1u;
const uint TOKEN_PITCH = TILE_TOKENS + 1u;

shared vec4 weights[COLUMNS / 4u * ROW_PITCH];
shared vec4 inputs[COLUMNS / 4u * TOKEN_PITCH];

vec4 nextWeights[2 * ROW_SHARE];
vec4 nextInputs[2 * TOKEN_SHARE];

uvec4 quadAt(uint row, uint quad) {
    return quad < uint(p.rowQuads) ? p.weights.at[row * uint(p.rowQuads) + quad] : uvec4(0u);
}

#if defined(INT8)
vec4 bytesOf(uint word) {
    return vec4(int8At(word, 0u), int8At(word, 1u), int8At(word, 2u), int8At(word, 3u));
}
#elif defined(SIGNS)
vec4 signsOf(uint bits) {
    return vec4(uvec4(bits & 1u, bits >> 1 & 1u, bits >> 2 & 1u, bits >> 3 & 1u)) * 2.0 - 1.0;
}
#endif

// Columns 8 * eighth .. of a weight row.
void eight(uint row, uint eighth, out vec4 low, out vec4 high) {
#if defined(F32)
    low = uintBitsToFloat(quadAt(row, 2u * eighth));
    high = uintBitsToFloat(quadAt(row, 2u * eighth + 1u));
#elif defined(F16)
    const uvec4 w = quadAt(row, eighth);
    low = vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
    high = vec4(unpackHalf2x16(w.z), unpackHalf2x16(w.w));
#elif defined(INT8)
    const uvec4 w = quadAt(row, eighth / 2u);
    low = bytesOf(eighth % 2u == 0u ? w.x : w.z);
    high = bytesOf(eighth % 2u == 0u ? w.y : w.w);
#else
    const uint word = quadAt(row, eighth / 16u)[eighth / 4u % 4u] >> 8u * (eighth % 4u);
    low = signsOf(word);
    high = signsOf(word >> 4);
#endif
}

void request(uint step, uint firstRow, uint firstToken, uint lastToken) {
    [[unroll]] for (int i = 0; i < ROW_SHARE; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        const uint row = min(firstRow + at / EIGHTS, uint(p.rows) - 1u);
        eight(row, step * EIGHTS + at % EIGHTS, nextWeights[2 * i], nextWeights[2 * i + 1]);
    }
    [[unroll]] for (int i = 0; i < TOKEN_SHARE; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        const uint token = min(firstToken + at / EIGHTS, lastToken);
        const uint quad = token * uint(p.inputQuads) + 2u * (step * EIGHTS + at % EIGHTS);
        nextInputs[2 * i] = uintBitsToFloat(p.x.at[quad]);
        nextInputs[2 * i + 1] = uintBitsToFloat(p.x.at[quad + 1u]);
    }
}

void publish() {
    barrier(); // everybody has read the step before
    [[unroll]] for (int i = 0; i < ROW_SHARE; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        const uint to = 2u * (at % EIGHTS) * ROW_PITCH + at / EIGHTS;
        weights[to] = nextWeights[2 * i];
        weights[to + ROW_PITCH] = nextWeights[2 * i + 1];
    }
    [[unroll]] for (int i = 0; i < TOKEN_SHARE; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        const uint to = 2u * (at % EIGHTS) * TOKEN_PITCH + at / EIGHTS;
        inputs[to] = nextInputs[2 * i];
        inputs[to + TOKEN_PITCH] = nextInputs[2 * i + 1];
    }
    barrier();
}

void main() {
    // Neighbours share a token and make neighbouring outputs.
    const uint row = gl_LocalInvocationID.x % SIDE;
    const uint token = gl_LocalInvocationID.x / SIDE;
    const uint firstRow = gl_WorkGroupID.x * TILE_ROWS;
    const uint firstToken = gl_WorkGroupID.y * TILE_TOKENS;
    const uint lastToken = uint(runRows(p.run)) - 1u;
    // Inputs are padded with zeros to a multiple of 128 columns, so the last step is whole.
    const uint steps = uint(p.inputQuads) * 4u / COLUMNS;
    float sums[ROWS * TOKENS];
    [[unroll]] for (int i = 0; i < ROWS * TOKENS; ++i)
        sums[i] = 0.0;
    request(0u, firstRow, firstToken, lastToken);
    for (uint step = 0u; step < steps; ++step) {
        publish();
        if (step + 1u < steps)
            request(step + 1u, firstRow, firstToken, lastToken);
        [[unroll]] for (uint k = 0u; k < COLUMNS / 4u; ++k) {
            vec4 w[ROWS];
            [[unroll]] for (int r = 0; r < ROWS; ++r)
                w[r] = weights[k * ROW_PITCH + row + SIDE * uint(r)];
            [[unroll]] for (int t = 0; t < TOKENS; ++t) {
                const vec4 x = inputs[k * TOKEN_PITCH + token + SIDE * uint(t)];
                [[unroll]] for (int r = 0; r < ROWS; ++r)
                    sums[r * TOKENS + t] += dot(w[r], x);
            }
        }
    }
    [[unroll]] for (int t = 0; t < TOKENS; ++t)
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            finish(firstRow + row + SIDE * uint(r), firstToken + token + SIDE * uint(t),
                   sums[r * TOKENS + t]);
}
