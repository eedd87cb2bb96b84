#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One row of 6-bit activations times packed signs: the product of a decode step, made for GPUs where
// it should run at the speed of memory. Exact integers, as linear.comp's LEVELS.
//
// Per 128 signs (16 bytes) a lane spends 72 instructions on products (product.glsl, SCALED), 8 loads
// of activations from shared memory, shared by its ROWS rows, and a handful on addresses: about 90
// for ROWS = 2. On an H200 (132 multiprocessors, 4 instructions a clock, 1.7 GHz) 25600 x 5120 is
// 1.02 M such pieces, 3.2 us of instructions against 3.8 us of memory at 4.3 TB/s.
//
// LANES_PER_ROW lanes share a row, so that 5120 inputs (40 pieces) leave no lane idle with 8. The
// first AHEAD pieces of a lane are requested before the activations are copied to shared memory:
// that copy hides behind the latency of the weights. In shared memory the 8 quarters of a piece lie
// PITCH apart, an odd number of 16 bytes, so that neither lanes that fill it nor lanes that read it
// share a bank.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common.glsl"

layout(constant_id = 2) const int LANES_PER_ROW = 8;
layout(constant_id = 3) const int ROWS = 2;
layout(constant_id = 4) const int AHEAD = 4;
layout(constant_id = 5) const int PITCH = 1;
const bool SCALED = true;
const bool LAST_ROW = false;
#include "product.glsl"

shared uvec4 levels[8 * PITCH];

// Pieces of ROWS weight rows in flight.
uvec4 wanted[ROWS * AHEAD];
uint sums[ROWS];

// Whole blocks of AHEAD * LANES_PER_ROW pieces need no bounds.
void request(uint firstRow, uint firstPiece) {
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        const uint at = min(firstRow + uint(r), uint(p.rows) - 1u) * uint(p.rowQuads) + firstPiece;
        [[unroll]] for (int a = 0; a < AHEAD; ++a)
            wanted[r * AHEAD + a] = p.weights.at[at + uint(a * LANES_PER_ROW)];
    }
}

void multiply(int slot, uint piece) {
    [[unroll]] for (int i = 0; i < 4; ++i) {
        const uvec4 low = levels[uint(2 * i * PITCH) + piece];
        const uvec4 high = levels[uint((2 * i + 1) * PITCH) + piece];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = wordSum(wanted[r * AHEAD + slot][i], low, high, sums[r]);
    }
}

void multiplyRest(uint firstRow, uint piece) {
    for (; piece < uint(p.rowQuads); piece += uint(LANES_PER_ROW)) {
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            wanted[r * AHEAD] = p.weights.at[min(firstRow + uint(r), uint(p.rows) - 1u) * uint(p.rowQuads) + piece];
        multiply(0, piece);
    }
}

void main() {
    const uint pieces = uint(p.rowQuads);
    const uint block = uint(AHEAD * LANES_PER_ROW);
    const uint whole = pieces / block * block;
    const uint lane = gl_SubgroupInvocationID % uint(LANES_PER_ROW);
    const uint team = gl_SubgroupID * (gl_SubgroupSize / uint(LANES_PER_ROW)) +
                      gl_SubgroupInvocationID / uint(LANES_PER_ROW);
    const uint rowsPerGroup = gl_WorkGroupSize.x / uint(LANES_PER_ROW) * uint(ROWS);
    const uint step = gl_NumWorkGroups.x * rowsPerGroup;
    uint first = gl_WorkGroupID.x * rowsPerGroup + team * uint(ROWS);
    if (whole > 0u)
        request(first, lane);
    for (uint i = gl_LocalInvocationID.x; i < 8u * pieces; i += gl_WorkGroupSize.x)
        levels[i % 8u * uint(PITCH) + i / 8u] = p.x.at[i];
    barrier();
    for (uint base = gl_WorkGroupID.x * rowsPerGroup; base < uint(p.rows); base += step) {
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = 0u;
        for (uint done = 0u; done < whole; done += block) {
            if (done > 0u)
                request(first, done + lane);
            [[unroll]] for (int a = 0; a < AHEAD; ++a)
                multiply(a, done + lane + uint(a * LANES_PER_ROW));
        }
        multiplyRest(first, whole + lane);
        const uint finished = first;
        first += step;
        if (whole > 0u && base + step < uint(p.rows))
            request(first, lane); // the next rows travel while these are finished
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            [[unroll]] for (uint other = uint(LANES_PER_ROW) / 2u; other > 0u; other /= 2u)
                sums[r] += subgroupShuffleXor(sums[r], other);
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            if (lane == uint(r))
                finish(finished + uint(r), 0u, sums[r]);
    }
}
