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
// first AHEAD pieces of a lane and, where EARLY, its row's scale and its share of the low-rank factor
// are requested before the activations are copied to shared memory: that copy hides behind their
// latency (where rows are many, EARLY costs registers: 131072 x 25600 126 -> 131 us). In
// shared memory the 8 quarters of a piece lie PITCH apart, an odd number of 16 bytes, so that
// neither lanes that fill it nor lanes that read it share a bank.
//
// How many pieces are on their way, and whether a register is asked to be filled again at once or all
// after a block, made no difference in a decode step (154.7 to 156.2 tokens/s of qwen3-32b).
//
// Up to three weights that share the input are one dispatch (q, k, v): each takes as many workgroups
// as it needs. GATED: of two weights with equally many rows silu(first) * second is all that is
// written; even rows of a lane belong to the first, odd ones to the second.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "gemv_target.glsl"

layout(constant_id = 2) const int LANES_PER_ROW = 8;
layout(constant_id = 3) const int ROWS = 2;
layout(constant_id = 4) const int AHEAD = 4;
layout(constant_id = 5) const int PITCH = 1;
layout(constant_id = 6) const bool EARLY = true;
layout(constant_id = 7) const bool GATED = false;
const bool SCALED = true;
#include "word_sum.glsl"

layout(push_constant, scalar) uniform Push {
    Target targets[3]; // unused ones have no rows
    Quads x;
    Words meta;
    Words lowRankBs;
    uint sizes;
    int cols;
}
p;

#define TARGET_AT(i) p.targets[i]
#define LEVELS_AT(i) p.x.at[i]
#define META_AT(i) p.meta.at[i]
#define PROJECTION_TERMS p.lowRankBs
#define SIZES p.sizes
#define COLS p.cols
#include "gemv.glsl"

void main() {
    beginProduct(gl_WorkGroupID.x);
    finishProduct();
}
