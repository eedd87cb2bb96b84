// SPDX-License-Identifier: GPL-3.0-or-later
//
// A float as the sum of two halves, good to 2^-21 of itself; however the device rounds the first, the
// second takes what is left.
void splitEight(vec4 first, vec4 second, out uvec4 high, out uvec4 low) {
    const vec2 pairs[4] = {first.xy, first.zw, second.xy, second.zw};
    [[unroll]] for (int i = 0; i < 4; ++i) {
        high[i] = packHalf2x16(pairs[i]);
        low[i] = packHalf2x16(pairs[i] - unpackHalf2x16(high[i]));
    }
}
