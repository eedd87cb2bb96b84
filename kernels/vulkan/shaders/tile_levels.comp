#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Packed signs times a batch of quantized rows: a workgroup of 16 x 16 invocations makes a tile of
// 16 * ROWS outputs by 16 * TOKENS input rows, an invocation ROWS * TOKENS of it. Piece by piece (128
// columns) the tile's signs and levels come to shared memory, the next ones on their way meanwhile.
//
// Per piece an invocation loads 8 * TOKENS + ROWS times 16 bytes from shared memory for
// 32 * ROWS * TOKENS dot products; the 40 instructions that spread a row's signs over bytes serve all
// its TOKENS. linear.comp, which loads levels anew for every weight row, took 8.4 ms for
// 25600 x 5120 by 512 on an H200; dot products alone are 1.2 ms there (64 a clock, 132
// multiprocessors).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 2) const int TOKENS = 4;
layout(constant_id = 3) const int ROWS = 4;
layout(constant_id = 4) const bool SCALED = false;
const bool LAST_ROW = false;
#include "product.glsl"

const uint SIDE = 16u;
const uint TILE_ROWS = SIDE * uint(ROWS);
const uint TILE_TOKENS = SIDE * uint(TOKENS);
// One more, so that invocations which fill a row of `levels` do not share a bank.
const uint PITCH = TILE_TOKENS + 1u;
const uint ALL = SIDE * SIDE;
// 16 bytes of levels an invocation brings each time; weights: one, the first TILE_ROWS of them.
const int SHARE = int(TILE_TOKENS * 8u / ALL);

shared uvec4 levels[8u * PITCH];
shared uvec4 signs[TILE_ROWS];

uvec4 nextLevels[SHARE];
uvec4 nextSigns;

void request(uint piece, uint firstRow, uint firstToken, uint lastToken) {
    const uint self = gl_LocalInvocationID.x;
    [[unroll]] for (int i = 0; i < SHARE; ++i) {
        const uint at = uint(i) * ALL + self;
        const uint token = min(firstToken + at / 8u, lastToken);
        nextLevels[i] = p.x.at[token * uint(p.inputQuads) + 8u * piece + at % 8u];
    }
    if (self < TILE_ROWS)
        nextSigns = p.weights.at[min(firstRow + self, uint(p.rows) - 1u) * uint(p.rowQuads) + piece];
}

void publish() {
    const uint self = gl_LocalInvocationID.x;
    barrier(); // everybody has read the piece before
    [[unroll]] for (int i = 0; i < SHARE; ++i) {
        const uint at = uint(i) * ALL + self;
        levels[at % 8u * PITCH + at / 8u] = nextLevels[i];
    }
    if (self < TILE_ROWS)
        signs[self] = nextSigns;
    barrier();
}

void main() {
    // Neighbours share a token and make neighbouring outputs.
    const uint row = gl_LocalInvocationID.x % SIDE;
    const uint token = gl_LocalInvocationID.x / SIDE;
    const uint firstRow = gl_WorkGroupID.x * TILE_ROWS;
    const uint firstToken = gl_WorkGroupID.y * TILE_TOKENS;
    const uint lastToken = uint(runRows(p.run)) - 1u;
    uint sums[ROWS * TOKENS];
    [[unroll]] for (int i = 0; i < ROWS * TOKENS; ++i)
        sums[i] = 0u;
    request(0u, firstRow, firstToken, lastToken);
    for (uint piece = 0u; piece < uint(p.rowQuads); ++piece) {
        publish();
        if (piece + 1u < uint(p.rowQuads))
            request(piece + 1u, firstRow, firstToken, lastToken);
        [[unroll]] for (int word = 0; word < 4; ++word) {
            uint own[ROWS];
            [[unroll]] for (int r = 0; r < ROWS; ++r)
                own[r] = signs[row + SIDE * uint(r)][word];
            [[unroll]] for (int t = 0; t < TOKENS; ++t) {
                const uint at = token + SIDE * uint(t);
                const uvec4 low = levels[uint(2 * word) * PITCH + at];
                const uvec4 high = levels[uint(2 * word + 1) * PITCH + at];
                [[unroll]] for (int r = 0; r < ROWS; ++r)
                    sums[r * TOKENS + t] =
                        wordSum(own[r], low, high, sums[r * TOKENS + t]);
            }
        }
    }
    [[unroll]] for (int t = 0; t < TOKENS; ++t)
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            finish(firstRow + row + SIDE * uint(r), firstToken + token + SIDE * uint(t),
                   sums[r * TOKENS + t]);
}
