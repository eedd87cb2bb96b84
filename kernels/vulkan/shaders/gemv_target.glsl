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
