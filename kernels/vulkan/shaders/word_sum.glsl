// SPDX-License-Identifier: GPL-3.0-or-later
//
// LEVELS (signs with quantized input), for 32 signs in a word v: (v >> g) & 0x01010101 spreads 4
// signs over bytes that the packed unsigned dot product (OpUDot) multiplies with 4 activations, 23
// instructions a word. SCALED keeps 3 of 8 bits in place instead, masks 1, 2, 4 against activations
// times 4, 2, 1: two shifts a word, 18 instructions, all products times 4 (63 * 4 = 252 fits an
// unsigned byte). Without INTEGER_DOT the selected bytes are added up in pairs of 16 bits.
//
// Counted, for 32 signs (4 bytes of weights in each way) and inputs of 6 bits: bytes of input
// read, instructions.
//   Packed dot product, a shift for each mask: 32 bytes, 23. In use above 6 bits.
//   The same, three masks a shift (SCALED): 32, 18. In use: 131072 x 25600 at 0.80 of an H200's roof.
//   AND and popcount over 6 bit planes: 24, 18, of them 6 popcounts, which NVIDIA lists at a quarter
//     of the rate of sums: as long as 36. Not built.
//   Signs of pairs of halves flipped: 64, 47, exact for 32 columns only, then more. Not built.
//   Look-up of sums of 4 columns: 16, 31, of them 8 loads; the table of 25600 columns would take 205
//     KB where shared memory has 48. Not built.
//   Selected bytes added up in pairs: 32, 75. In use without a packed dot product.
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
