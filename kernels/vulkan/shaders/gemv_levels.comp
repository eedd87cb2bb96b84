#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One row of 6-bit activations times packed signs: the product of a decode step, made for GPUs where
// it should run at the speed of memory. Exact integers, as linear.comp's LEVELS.
//
// Per 128 signs (16 bytes) a lane spends 72 instructions on products (word_sum.glsl, SCALED), 8 loads
// of activations from shared memory, shared by its ROWS rows, and a handful on addresses: about 90
// for ROWS = 2. On an H200 (132 multiprocessors, 4 instructions a clock, 1.7 GHz) 25600 x 5120 is
// 1.02 M such pieces, 3.2 us of instructions against 3.8 us of memory at 4.3 TB/s.
//
// LANES_PER_ROW lanes share a row, so that 5120 inputs (40 pieces) leave no lane idle with 8. The
// first AHEAD pieces of a lane, its row's scale and its share of the low-rank factor are requested
// before the activations are copied to shared memory: that copy hides behind their latency. In
// shared memory the 8 quarters of a piece lie PITCH apart, an odd number of 16 bytes, so that
// neither lanes that fill it nor lanes that read it share a bank.
//
// Up to three weights that share the input are one dispatch (q, k, v): each takes as many workgroups
// as it needs. GATED: of two weights with equally many rows silu(first) * second is all that is
// written; even rows of a lane belong to the first, odd ones to the second.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common.glsl"

layout(constant_id = 2) const int LANES_PER_ROW = 8;
layout(constant_id = 3) const int ROWS = 2;
layout(constant_id = 4) const int AHEAD = 4;
layout(constant_id = 5) const int PITCH = 1;
layout(constant_id = 6) const bool GATED = false;
const bool SCALED = true;
#include "word_sum.glsl"

const int MEAN = 2;
const int ACCUMULATE = 4;

struct Target {
    Quads weights;  // rows of rowQuads
    Words extras;   // row scales, means, sign sums, low-rank A, its scales: vulkan_weights.h
    Floats outputs; // [rows]
    int rows;
    int flags;
};

layout(push_constant, scalar) uniform Push {
    Target targets[3]; // unused ones have no rows
    Quads x;
    Words meta;
    Words lowRankBs;
    uint sizes; // rowQuads | rank << 16 | metaRank << 24
    int cols;
}
p;

const uint MOST_RANK = 64u;
const uint STREAMS = GATED ? 2u : 1u; // weights that a team reads
const uint OUTPUTS = uint(ROWS) / STREAMS;
#define ROW_QUADS (p.sizes & 0xffffu)
#define RANK (p.sizes >> 16 & 0xffu)
#define META_RANK (p.sizes >> 24)
#define RANK_WORDS ((RANK + 3u) / 4u)

shared uvec4 levels[8 * PITCH];
shared float projections[STREAMS * MOST_RANK]; // times the scales of A

Target even, odd; // one and the same unless GATED

// Pieces of ROWS weight rows in flight.
uvec4 wanted[ROWS * AHEAD];
uint rankWords[ROWS];
uint sums[ROWS];

// Offsets in extras, in words; every array starts at a multiple of 16 bytes.
uint padded(uint words) {
    return (words + 3u) & ~3u;
}
uint signSums(Target target) {
    return padded(uint(target.rows)) * ((target.flags & MEAN) != 0 ? 2u : 1u);
}
uint lowRankA(Target target) {
    return signSums(target) + padded(uint(target.rows));
}
uint lowRankAScales(Target target) {
    return lowRankA(target) + padded(uint(target.rows) * RANK_WORDS);
}

// Row r of a lane's ROWS: of which weight, and which of its rows.
#define TARGET(r) (GATED && ((r) & 1) != 0 ? odd : even)
uint rowOf(uint first, int r) {
    return min(first + uint(r) / STREAMS, uint(even.rows) - 1u);
}

// Whole blocks of AHEAD * LANES_PER_ROW pieces need no bounds.
void request(uint first, uint firstPiece) {
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        const uint at = rowOf(first, r) * ROW_QUADS + firstPiece;
        [[unroll]] for (int a = 0; a < AHEAD; ++a)
            wanted[r * AHEAD + a] = TARGET(r).weights.at[at + uint(a * LANES_PER_ROW)];
    }
}

void requestRank(uint first, uint word) {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        rankWords[r] = word < RANK_WORDS ? TARGET(r).extras.at[lowRankA(TARGET(r)) +
                                                               rowOf(first, r) * RANK_WORDS + word]
                                         : 0u;
}

void multiply(int slot, uint piece) {
    [[unroll]] for (int i = 0; i < 4; ++i) {
        const uvec4 low = levels[uint(2 * i * PITCH) + piece];
        const uvec4 high = levels[uint((2 * i + 1) * PITCH) + piece];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = wordSum(wanted[r * AHEAD + slot][i], low, high, sums[r]);
    }
}

void multiplyRest(uint first, uint piece) {
    for (; piece < ROW_QUADS; piece += uint(LANES_PER_ROW)) {
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            wanted[r * AHEAD] = TARGET(r).weights.at[rowOf(first, r) * ROW_QUADS + piece];
        multiply(0, piece);
    }
}

// t of the input (product.glsl, projection) times the scale of A of weight `stream`.
void shareProjections() {
    for (uint i = gl_LocalInvocationID.x; i < STREAMS * RANK; i += gl_WorkGroupSize.x) {
        const uint stream = i / RANK;
        const uint k = i % RANK;
        const int sum = int(p.meta.at[META_WORDS + k]) -
                        int(p.meta.at[2]) * int(p.lowRankBs.at[META_RANK + k]);
        const float t = uintBitsToFloat(p.lowRankBs.at[k]) * (uintBitsToFloat(p.meta.at[0]) * float(sum));
        const float scale =
            stream == 0u ? uintBitsToFloat(even.extras.at[lowRankAScales(even) + k])
                         : uintBitsToFloat(odd.extras.at[lowRankAScales(odd) + k]);
        projections[stream * MOST_RANK + k] = scale * t;
    }
}

// The low-rank terms that this lane has asked for.
float lowRankPart(int r, uint lane) {
    const uint stream = GATED ? uint(r & 1) : 0u;
    float sum = 0.0;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        if (4u * lane + byte < RANK)
            sum += int8At(rankWords[r], byte) * projections[stream * MOST_RANK + 4u * lane + byte];
    return sum;
}

void main() {
    const uint lane = gl_SubgroupInvocationID % uint(LANES_PER_ROW);
    const uint team = gl_SubgroupID * (gl_SubgroupSize / uint(LANES_PER_ROW)) +
                      gl_SubgroupInvocationID / uint(LANES_PER_ROW);
    const uint rowsPerGroup = gl_WorkGroupSize.x / uint(LANES_PER_ROW) * OUTPUTS;
    uint group = gl_WorkGroupID.x;
    even = p.targets[0];
    odd = p.targets[1];
    if (!GATED) {
        const uint before = (uint(p.targets[0].rows) + rowsPerGroup - 1u) / rowsPerGroup;
        const uint middle = (uint(p.targets[1].rows) + rowsPerGroup - 1u) / rowsPerGroup;
        if (group >= before + middle) {
            even = p.targets[2];
            group -= before + middle;
        } else if (group >= before) {
            even = p.targets[1];
            group -= before;
        }
    }
    const uint first = group * rowsPerGroup + team * OUTPUTS;
    const uint block = uint(AHEAD * LANES_PER_ROW);
    const uint whole = ROW_QUADS / block * block;
    if (whole > 0u)
        request(first, lane);
    requestRank(first, lane);
    // Lane r finishes row r.
    const int mine = int(lane) % ROWS;
    Target target = even;
    if (GATED && (mine & 1) != 0)
        target = odd;
    const uint row = rowOf(first, mine);
    const float scale = uintBitsToFloat(target.extras.at[row]);
    const int signSum = int(target.extras.at[signSums(target) + row]);
    for (uint i = gl_LocalInvocationID.x; i < 8u * ROW_QUADS; i += gl_WorkGroupSize.x)
        levels[i % 8u * uint(PITCH) + i / 8u] = p.x.at[i];
    shareProjections();
    const float s = uintBitsToFloat(p.meta.at[0]);
    const int z = int(p.meta.at[2]);
    const int sumQ = int(p.meta.at[3]);
    barrier();
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        sums[r] = 0u;
    for (uint done = 0u; done < whole; done += block) {
        if (done > 0u)
            request(first, done + lane);
        [[unroll]] for (int a = 0; a < AHEAD; ++a)
            multiply(a, done + lane + uint(a * LANES_PER_ROW));
    }
    multiplyRest(first, whole + lane);
    float lowRank[ROWS];
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        lowRank[r] = lowRankPart(r, lane);
    for (uint word = lane + uint(LANES_PER_ROW); word < RANK_WORDS; word += uint(LANES_PER_ROW)) {
        requestRank(first, word);
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            lowRank[r] += lowRankPart(r, word);
    }
    uint set = 0u;
    float low = 0.0;
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        [[unroll]] for (uint other = uint(LANES_PER_ROW) / 2u; other > 0u; other /= 2u) {
            sums[r] += subgroupShuffleXor(sums[r], other);
            lowRank[r] += subgroupShuffleXor(lowRank[r], other);
        }
        set = mine == r ? sums[r] : set;
        low = mine == r ? lowRank[r] : low;
    }
    const int u = 2 * int(set >> 2) - sumQ - z * signSum;
    float value = scale * (s * float(u)) + low;
    if ((target.flags & MEAN) != 0)
        value += uintBitsToFloat(target.extras.at[padded(uint(target.rows)) + row]) *
                 (s * float(sumQ - z * p.cols));
    if (GATED) {
        const float up = subgroupShuffleXor(value, 1u);
        value = value / (1.0 + exp(-value)) * up;
    }
    const bool writes = lane < uint(ROWS) && (!GATED || (lane & 1u) == 0u) &&
                        first + lane / STREAMS < uint(target.rows);
    if (writes)
        target.outputs.at[row] =
            (target.flags & ACCUMULATE) != 0 ? target.outputs.at[row] + value : value;
}
