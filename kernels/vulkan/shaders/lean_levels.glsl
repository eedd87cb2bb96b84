// SPDX-License-Identifier: GPL-3.0-or-later
//
// Levels of one row, made anew by every workgroup that needs them: 5120 values are 0.2 us of one
// multiprocessor, a dispatch of its own was 6. Values lie as the words of levels do
// (levels.glsl), first all that become a word's first byte, then all second ones, and so on.
// Needs levels.glsl, lean_rotation.glsl, the constants WORDS, PADDED_WORDS and COLUMNS, levels[] with
// PITCH, and of the shader's operands p.values, ENCODED, META, p.clipLow, p.clipHigh and p.modes (bits, at
// most 6, in the low byte).

const uint LEVEL_SHARE = (PADDED_WORDS + gl_WorkGroupSize.x - 1u) / gl_WorkGroupSize.x;
const uint LEVEL_ROUNDS = (LEVEL_SHARE + 4u) / 5u;
const uint CHUNK = (LEVEL_SHARE + LEVEL_ROUNDS - 1u) / LEVEL_ROUNDS; // words on their way at once

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
    precise const float low = p.clipLow * -uintBitsToFloat(leastBits);
    precise const float high = p.clipHigh * uintBitsToFloat(mostBits);
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
    if (COLUMNS == 4u * PADDED_WORDS)
        return 0xffffffffu;
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

void keepLevels(uint word, uint packed, bool writes, inout int sum) {
    packed &= ownBytes(word);
    sum += dotSigned(0x01010101u, packed);
    levels[levelAt(word)][word % 4u] = packed << shiftOf(word);
    if (writes && word < WORDS)
        ENCODED.at[word] = packed << shiftOf(word);
}

uint valueOf(uint word, uint byte) {
    return LOOK(p.values, byte * FILLED_WORDS + word);
}
uvec4 valuesOf(uint word) {
    return uvec4(valueOf(word, 0u), valueOf(word, 1u), valueOf(word, 2u), valueOf(word, 3u));
}
uvec4 chunk[CHUNK];
uint chunkWord(uint first, uint i) {
    return min(first + i * gl_WorkGroupSize.x, FILLED_WORDS - 1u);
}
void requestChunk(uint first) {
    [[unroll]] for (uint i = 0u; i < CHUNK; ++i)
        chunk[i] = valuesOf(chunkWord(first, i));
}

// Columns past the row stay 0: nobody writes them.
bool wordIsThere(uint word, uvec4 four) {
    if (COLUMNS % 32u == 0u)
        return isThere(four.x & four.y & four.z & four.w);
    bool there = true;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        there = there && (isThere(four[byte]) || columnOf(word, byte) >= COLUMNS);
    return there;
}
void awaitChunk(uint first) {
    bool lacks = true;
    [[dont_unroll]] while (lacks) {
        lacks = false;
        [[unroll]] for (uint i = 0u; i < CHUNK; ++i)
            if (!wordIsThere(chunkWord(first, i), chunk[i])) {
                lacks = true;
                chunk[i] = valuesOf(chunkWord(first, i));
            }
    }
}

// Leaves the row's levels in levels[], zeros behind it, and what they stand for in levelScale, zero
// and levelSum. `writes`: to memory as well.
void makeLevels(bool writes) {
    const uint self = gl_LocalInvocationID.x;
    const float steps = float((1 << (p.modes & 255)) - 1);
    requestChunk(self);
    makeGrid(steps);
    const float inverse = 1.0 / levelScale;
    int sum = 0;
    [[dont_unroll]] for (uint first = self; first < PADDED_WORDS; first += CHUNK * gl_WorkGroupSize.x) {
        if (LEVEL_ROUNDS > 1u && first != self)
            requestChunk(first);
        awaitChunk(first);
        uint unsure = 0u;
        [[unroll]] for (uint i = 0u; i < CHUNK; ++i) {
            const uint word = first + i * gl_WorkGroupSize.x;
            uint packed;
            if (word < PADDED_WORDS) {
                if (packLevels(uintBitsToFloat(chunk[i]), inverse, steps, packed))
                    keepLevels(word, packed, writes, sum);
                else
                    unsure |= 1u << i;
            }
        }
        [[dont_unroll]] for (; unsure != 0u; unsure &= unsure - 1u) {
            const uint word = first + uint(findLSB(unsure)) * gl_WorkGroupSize.x;
            uint packed = 0u;
            [[dont_unroll]] for (int byte = 0; byte < 4; ++byte)
                packed |= levelOf(uintBitsToFloat(valueOf(min(word, FILLED_WORDS - 1u), uint(byte))),
                                  vec2(levelScale, float(zero)), steps)
                          << (8 * byte);
            keepLevels(word, packed, writes, sum);
        }
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
