// SPDX-License-Identifier: GPL-3.0-or-later
//
// Levels of one row, made anew by every workgroup that needs them: 5120 values are 0.2 us of one
// multiprocessor, a dispatch of its own was 6. Values lie as the words of levels do (levels.glsl).
// Needs levels.glsl, team.glsl, WORDS, FILLED_WORDS (that stand for any column), PADDED_WORDS, COLUMNS and LEVEL_BITS, levels[] with
// PITCH, and of the shader's operands VALUES_AT(word), ENCODED, META, p.progress, p.clipLow and
// p.clipHigh.

const int CHUNK = 5; // words on their way at once

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

// s and z (levels.glsl, gridOf) with a quotient of its own: 2^bits s and s differ from the range and
// from each other by less than a factor of two, so that what is left of the division is exact.
void makeGrid(float steps) {
    precise const float low = p.clipLow * -uintBitsToFloat(p.progress.least);
    precise const float high = p.clipHigh * uintBitsToFloat(p.progress.most);
    precise const float range = high - low;
    const float inverse = 1.0 / steps;
    precise const float first = range * inverse;
    precise const float over = range - (steps + 1.0) * first;
    precise const float rest = over + first;
    precise const float quotient = first + rest * inverse;
    levelScale = range == 0.0 ? 1.0 : quotient;
    zero = int(min(max(roundedQuotient(-low, levelScale), 0.0), steps));
}

// Bytes of a word that stand for columns of the row.
uint ownBytes(uint word) {
    uint mask = 0u;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        mask |= columnOf(word, byte) < COLUMNS ? 255u << (8u * byte) : 0u;
    return mask;
}

// Rounding by a sum: the least byte of z + 1.5 * 2^23 + t is what t + z rounds to. False where the
// quotient may be on the wrong side of a tie: it is 3e-7 of itself off at most.
bool packLevels(vec4 x, float inverse, float steps, out uint packed) {
    precise const float shift = 12582912.0 + float(zero);
    bool sure = true;
    packed = 0u;
    [[unroll]] for (int byte = 0; byte < 4; ++byte) {
        precise const float t = min(max(x[byte] * inverse, -float(zero)), steps - float(zero));
        precise const float moved = t + shift;
        precise const float rounded = moved - shift;
        sure = sure && abs(t - rounded) < 0.49996;
        packed |= (floatBitsToUint(moved) & 255u) << (8 * byte);
    }
    return sure;
}

vec4 wantedValues[CHUNK];
void requestValues(int slot, uint word) {
    if (word < FILLED_WORDS)
        wantedValues[slot] = VALUES_AT(word);
}

uint exactLevels(uint word, float steps) {
    uint packed = 0u;
    [[dont_unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        packed |= levelOf(p.values.at[4u * word + byte], vec2(levelScale, float(zero)), steps)
                  << (8u * byte);
    return packed;
}

// Leaves the row's levels in levels[], zeros behind it, and what they stand for in levelScale, zero
// and levelSum. `writes`: to memory as well.
void makeLevels(bool writes) {
    const uint self = gl_LocalInvocationID.x;
    const float steps = float((1 << LEVEL_BITS) - 1);
    [[unroll]] for (int i = 0; i < CHUNK; ++i)
        requestValues(i, self + uint(i) * gl_WorkGroupSize.x);
    makeGrid(steps);
    const float inverse = 1.0 / levelScale;
    int sum = 0;
    [[dont_unroll]] for (uint word = self; word < PADDED_WORDS; word += gl_WorkGroupSize.x) {
        uint packed = 0u;
        if (word < FILLED_WORDS) {
            if (!packLevels(wantedValues[0], inverse, steps, packed))
                packed = exactLevels(word, steps);
            if (word >= COLUMNS / 32u * 8u)
                packed &= ownBytes(word);
        }
        [[unroll]] for (int i = 1; i < CHUNK; ++i)
            wantedValues[i - 1] = wantedValues[i];
        requestValues(CHUNK - 1, word + uint(CHUNK) * gl_WorkGroupSize.x);
        sum += dotSigned(0x01010101u, packed);
        packed <<= shiftOf(word);
        levels[levelAt(word)][word % 4u] = packed;
        if (writes && word < WORDS)
            ENCODED.at[word] = packed;
    }
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
