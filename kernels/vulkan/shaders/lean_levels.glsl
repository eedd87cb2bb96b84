// SPDX-License-Identifier: GPL-3.0-or-later
//
// Levels of one row, made anew by every workgroup that needs them: 5120 values are 0.2 us of one
// multiprocessor, a dispatch of its own was 6. Values lie as the words of levels do (levels.glsl).
// Needs levels.glsl, team.glsl, the constants
// WORDS, PADDED_WORDS and COLUMNS, levels[] with PITCH, and of the shader's operands VALUES_AT(word), ENCODED,
// META, p.clipLow, p.clipHigh and p.modes (bits, at most 6, in the low byte).

const uint LEVEL_SHARE = (WORDS + gl_WorkGroupSize.x - 1u) / gl_WorkGroupSize.x;

shared uvec2 teamExtremes[128];
shared int teamSums[128];

// Of the row.
float levelScale;
int zero, levelSum;

// What the teams left in teamSums, for everybody.
int joinedSum() {
    int sum = 0;
    for (uint i = LANE; i < TEAMS; i += LANES)
        sum += teamSums[i];
    return teamAdd(sum);
}

uint levelAt(uint word) {
    return word / 4u % 8u * uint(PITCH) + word / 32u;
}

// Rounding by a sum: the least byte of z + 1.5 * 2^23 + t is what t + z rounds to. Values that the
// device's quotient may put on the wrong side of a tie take the exact one, in a loop of their own.
uint packLevels(vec4 x, float inverse, float steps) {
    precise const float shift = 12582912.0 + float(zero);
    uint packed = 0u;
    bool close = isnan(inverse) || inverse > 1e30;
    [[unroll]] for (int byte = 0; byte < 4; ++byte) {
        precise const float t = min(max(x[byte] * inverse, -float(zero)), steps - float(zero));
        precise const float moved = t + shift;
        precise const float rounded = moved - shift;
        close = close || abs(t - rounded) > 0.499;
        packed |= (floatBitsToUint(moved) & 255u) << (8 * byte);
    }
    if (close) {
        packed = 0u;
        [[dont_unroll]] for (int byte = 0; byte < 4; ++byte) {
            const float own = byte < 2 ? (byte == 0 ? x.x : x.y) : (byte == 2 ? x.z : x.w);
            packed |= levelOf(own, vec2(levelScale, float(zero)), steps) << (8 * byte);
        }
    }
    return packed;
}

// Bytes of a word that stand for columns of the row.
uint ownBytes(uint word) {
    if (COLUMNS == 4u * WORDS)
        return 0xffffffffu;
    uint mask = 0u;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        mask |= columnOf(word, byte) < COLUMNS ? 255u << (8u * byte) : 0u;
    return mask;
}

// Leaves the row's levels in levels[], zeros behind it, and what they stand for in levelScale, zero
// and levelSum. `writes`: to p.encoded as well.
void makeLevels(bool writes) {
    const uint self = gl_LocalInvocationID.x;
    vec4 x[LEVEL_SHARE];
    float least = 0.0;
    float most = 0.0;
    [[unroll]] for (uint i = 0u; i < LEVEL_SHARE; ++i) {
        const uint word = self + i * gl_WorkGroupSize.x;
        x[i] = vec4(0.0);
        if (word < WORDS) {
            x[i] = VALUES_AT(word);
            if (COLUMNS < 4u * WORDS) {
                [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
                    x[i][byte] = columnOf(word, byte) < COLUMNS ? x[i][byte] : 0.0;
            }
        }
    }
    [[unroll]] for (uint i = 0u; i < LEVEL_SHARE; ++i)
        [[unroll]] for (int byte = 0; byte < 4; ++byte)
            widen(x[i][byte], least, most);
    // Bits of what is not negative compare as whole numbers do.
    const uvec2 own = uvec2(teamMax(floatBitsToUint(abs(least))), teamMax(floatBitsToUint(most)));
    if (LANE == 0u)
        teamExtremes[TEAM] = own;
    barrier();
    uvec2 other = uvec2(0u);
    for (uint i = LANE; i < TEAMS; i += LANES)
        other = max(other, teamExtremes[i]);
    precise const float low = p.clipLow * -uintBitsToFloat(teamMax(other.x));
    precise const float high = p.clipHigh * uintBitsToFloat(teamMax(other.y));
    const float steps = float((1 << (p.modes & 255)) - 1);
    const vec2 grid = gridOf(low, high, steps);
    levelScale = grid.x;
    zero = int(grid.y);
    const float inverse = 1.0 / grid.x;
    int sum = 0;
    [[unroll]] for (uint i = 0u; i < LEVEL_SHARE; ++i) {
        const uint word = self + i * gl_WorkGroupSize.x;
        if (word < WORDS) {
            const uint packed = packLevels(x[i], inverse, steps) & ownBytes(word);
            sum += dotSigned(0x01010101u, packed);
            levels[levelAt(word)][word % 4u] = packed << shiftOf(word);
            if (writes)
                ENCODED.at[word] = packed << shiftOf(word);
        }
    }
    for (uint word = WORDS + self; word < PADDED_WORDS; word += gl_WorkGroupSize.x)
        levels[levelAt(word)][word % 4u] = 0u;
    sum = teamAdd(sum);
    if (LANE == 0u)
        teamSums[TEAM] = sum;
    barrier();
    levelSum = joinedSum();
    if (writes && self == 0u) {
        META.at[0] = floatBitsToUint(levelScale);
        META.at[2] = uint(zero);
        META.at[3] = uint(levelSum);
    }
}
