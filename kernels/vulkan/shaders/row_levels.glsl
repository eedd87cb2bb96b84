// SPDX-License-Identifier: GPL-3.0-or-later
//
// Levels of a rotated row and their low-rank projection, one word of levels an invocation; sums over
// the row are integers, so that workgroups add to them in any order: each once, since additions to
// one cache line take 2.3 clocks each on an H200 (200 teams x 17 sums were 4 us). Needs levels.glsl, team.glsl and,
// of the shader's operands, VALUE_AT(column), p.lowRankB, p.encoded, p.meta, p.cols, p.stride, p.rank.

const uint AT_ONCE = 16u;

// Words of B for the projections from k on, wanted before they are needed.
uint b[AT_ONCE];
void requestB(uint k, uint word, uint words) {
    [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
        b[i] = word < words && k + i < uint(p.rank) ? p.lowRankB.at[(k + i) * words + word] : 0u;
}

shared int teamSums[(AT_ONCE + 1u) * MOST_TEAMS];

// Adds what the teams have left for sum i to `to`.
void addUp(uint i, uint to) {
    int total = 0;
    for (uint team = 0u; team < TEAMS; ++team)
        total += teamSums[i * MOST_TEAMS + team];
    atomicAdd(p.meta.at[to], uint(total));
}

// Four values of this word, 0 past the row.
float x[4];
void requestValues(uint word) {
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte) {
        const uint column = columnOf(word, byte);
        x[byte] = column < uint(p.cols) ? VALUE_AT(column) : 0.0;
    }
}

// Writes this word of row `token`; x becomes what its levels stand for. b holds the first words of B.
void makeLevels(uint token, uint word, vec2 grid, float steps) {
    const uint words = uint(p.stride) / 4u;
    const uint meta = token * (META_WORDS + uint(p.rank));
    uint packed = 0u;
    int sum = 0;
    float rounded[4];
    roundQuotients(x, grid.x, rounded);
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        if (columnOf(word, byte) < uint(p.cols)) {
            const uint q = clampedLevel(rounded[byte] + grid.y, steps);
            sum += int(q);
            packed |= q << (8u * byte);
            x[byte] = grid.x * float(int(q) - int(grid.y));
        }
    if (word < words)
        p.encoded.at[token * words + word] = packed << shiftOf(word);
    sum = teamAdd(sum);
    if (LANE == 0u)
        teamSums[AT_ONCE * MOST_TEAMS + TEAM] = sum;
    if (word == 0u) {
        p.meta.at[meta] = floatBitsToUint(grid.x);
        p.meta.at[meta + 2u] = uint(int(grid.y));
    }
    for (uint k = 0u; k == 0u || k < uint(p.rank); k += AT_ONCE) {
        if (k > 0u)
            requestB(k, word, words);
        [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i) {
            const int part = teamAdd(dotSigned(b[i], packed));
            if (LANE == 0u)
                teamSums[i * MOST_TEAMS + TEAM] = part;
        }
        barrier();
        const uint own = gl_LocalInvocationID.x;
        if (own < AT_ONCE && k + own < uint(p.rank))
            addUp(own, meta + META_WORDS + k + own);
        if (own == AT_ONCE && k == 0u)
            addUp(own, meta + 3u);
        barrier();
    }
}
