// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the shaders of a matrix product share: operands and the epilogue. Needs SCALED and LAST_ROW.
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
    Words lowRankBs; // of the input: [metaRank] scales as floats, then [metaRank] sums of B
    Floats outputs; // rows of outputStride
    Run run;
    int rows;
    int rowQuads;
    int inputQuads;
    int rank;
    int metaRank;
    int outputStride;
    int flags;
    int cols;
}
p;

#ifdef LEVELS
#define SUM uint
#else
#define SUM float
#endif

#include "word_sum.glsl"

// Sum of x'' and element k of its low-rank projection.
float inputSum(uint meta) {
#ifdef LEVELS
    return uintBitsToFloat(p.meta.at[meta]) *
           float(int(p.meta.at[meta + 3u]) - int(p.meta.at[meta + 2u]) * p.cols);
#else
    return uintBitsToFloat(p.meta.at[meta + 1u]);
#endif
}
float projection(uint meta, uint k) {
#ifdef LEVELS
    const int sum = int(p.meta.at[meta + META_WORDS + k]) -
                    int(p.meta.at[meta + 2u]) * int(p.lowRankBs.at[uint(p.metaRank) + k]);
    return uintBitsToFloat(p.lowRankBs.at[k]) * (uintBitsToFloat(p.meta.at[meta]) * float(sum));
#else
    return uintBitsToFloat(p.meta.at[meta + META_WORDS + k]);
#endif
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
        value += p.mean.at[row] * inputSum(meta);
    const uint words = (uint(p.rank) + 3u) / 4u;
    for (uint k = 0u; k < uint(p.rank); ++k)
        value += int8At(p.lowRankA.at[row * words + k / 4u], k % 4u) *
                 (p.lowRankAScale.at[k] * projection(meta, k));
    const uint at = token * uint(p.outputStride) + row;
    p.outputs.at[at] = (p.flags & ACCUMULATE) != 0 ? p.outputs.at[at] + value : value;
}
