// SPDX-License-Identifier: GPL-3.0-or-later
//
// A float as the sum of two halves, good to 2^-20 of itself. The first is the float's leading 11 bits,
// which a half holds exactly. (Rounding by packHalf2x16 and taking what unpackHalf2x16 gives back will
// not do: NVIDIA's compiler takes the two for nothing and leaves a second half of zeros. selftest
// printed 6.7e-3 for 64 x 5120 instead of 8.9e-4, levels moved in 199 places instead of one.)
void splitEight(vec4 first, vec4 second, out uvec4 high, out uvec4 low) {
    const vec2 pairs[4] = {first.xy, first.zw, second.xy, second.zw};
    [[unroll]] for (int i = 0; i < 4; ++i) {
        const vec2 leading = uintBitsToFloat(floatBitsToUint(pairs[i]) & 0xffffe000u);
        high[i] = packHalf2x16(leading);
        low[i] = packHalf2x16(pairs[i] - leading);
    }
}
