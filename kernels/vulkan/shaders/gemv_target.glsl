// SPDX-License-Identifier: GPL-3.0-or-later
//
// One weight of a decode product as its shaders (gemv.glsl) are told of it.
#ifndef OUTPUT_BLOCK
#define OUTPUT_BLOCK Floats
#endif
struct Target {
    Quads weights;  // rows of rowQuads
    Words extras;   // row scales, means, sign sums, low-rank A, its scales: vulkan_weights.h
    OUTPUT_BLOCK outputs; // [rows]
    int rows;
    int flags; // MEAN, ACCUMULATE
};
const int MEAN = 2;
const int ACCUMULATE = 4;

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
uint lowRankAScales(Target target, uint rankWords) {
    return lowRankA(target) + padded(uint(target.rows) * rankWords);
}
