// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the shaders of a matrix product share: operands, the product of 32 signs with 32 levels, and
// the epilogue. Needs SCALED and LAST_ROW.
//
// LEVELS (signs with quantized input), for 32 signs in a word v: (v >> g) & 0x01010101 spreads 4
// signs over bytes that the packed unsigned dot product (OpUDot) multiplies with 4 activations, 23
// instructions a word. SCALED keeps 3 of 8 bits in place instead, masks 1, 2, 4 against activations
// times 4, 2, 1: two shifts a word, 18 instructions, all products times 4 (63 * 4 = 252 fits an
// unsigned byte). Without INTEGER_DOT the selected bytes are added up in pairs of 16 bits.
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

#ifdef LEVELS
// sum + the products of one word; added up in one chain, so that the dot product can accumulate.
uint wordSum(uint v, uvec4 low, uvec4 high, uint sum) {
#ifdef INTEGER_DOT
    if (SCALED) {
        const uint v1 = v >> 3;
        const uint v2 = v >> 6;
        sum = dot4x8(v & 0x01010101u, low.x, 0) + sum;
        sum = dot4x8(v & 0x02020202u, low.y, 0) + sum;
        sum = dot4x8(v & 0x04040404u, low.z, 0) + sum;
        sum = dot4x8(v1 & 0x01010101u, low.w, 0) + sum;
        sum = dot4x8(v1 & 0x02020202u, high.x, 0) + sum;
        sum = dot4x8(v1 & 0x04040404u, high.y, 0) + sum;
        sum = dot4x8(v2 & 0x01010101u, high.z, 0) + sum;
        return dot4x8(v2 & 0x02020202u, high.w, 0) + sum;
    }
    sum = dot4x8(v & 0x01010101u, low.x, 0) + sum;
    sum = dot4x8(v >> 1 & 0x01010101u, low.y, 0) + sum;
    sum = dot4x8(v >> 2 & 0x01010101u, low.z, 0) + sum;
    sum = dot4x8(v >> 3 & 0x01010101u, low.w, 0) + sum;
    sum = dot4x8(v >> 4 & 0x01010101u, high.x, 0) + sum;
    sum = dot4x8(v >> 5 & 0x01010101u, high.y, 0) + sum;
    sum = dot4x8(v >> 6 & 0x01010101u, high.z, 0) + sum;
    return dot4x8(v >> 7 & 0x01010101u, high.w, 0) + sum;
#else
    uint pairs = 0u; // two sums of 16 selected bytes each
    for (uint g = 0u; g < 8u; ++g) {
        const uint q = g < 4u ? low[g] : high[g - 4u];
        const uint chosen = q & (v >> g & 0x01010101u) * 255u;
        pairs += (chosen & 0x00ff00ffu) + (chosen >> 8 & 0x00ff00ffu);
    }
    return sum + (pairs & 0xffffu) + (pairs >> 16);
#endif
}
#endif

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
