#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a decode step makes of one input: rotation, levels, their low-rank projection and up to three
// products that share the input, by about one workgroup for each multiprocessor, which stays. A
// workgroup first asks for weights; then TURNERS of them turn two rows each; then everybody makes the
// levels for itself (5120 values: 360 clocks of instructions; a dispatch of their own was 6 us),
// PROJECTORS of them a slice of B q each; then it multiplies, every register asked to be filled again
// as soon as it is read. The projection is waited for at the end of the first rows.
//
// Between two such dispatches there is no barrier: the turners of the second wait for the workgroups of
// the first, and its weights stream meanwhile.
//
// Little code, and one for all inputs of a model: on an H200 an instruction that is run for the first
// time takes 25 clocks, and a layer's dispatches push each other's out of the cache. So sizes are push
// constants, loops are not unrolled, and what is on its way moves up through registers. With sizes as
// constants and loops unrolled it was 45 to 116 KB an input and a third slower than separate dispatches
// (docs/performance.md, version 5).
//
// Where all workgroups run at once (a device that says how many multiprocessors it has), the same ones
// are turners, projectors and multipliers. Elsewhere they follow each other, and nobody waits for a
// workgroup of a higher number: waiting.glsl.
//
// Weights are packed signs, exact integer sums: gemv_levels.comp. LANES_PER_ROW lanes share a row and
// have SHARE pieces of 16 bytes each; past the end of the row they multiply zeros.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int ROWS = 2;  // of a team at a time
layout(constant_id = 3) const int AHEAD = 2; // pieces on their way, of each row
layout(constant_id = 4) const int RANK = 0;
layout(constant_id = 5) const int BOARD_QUADS = 1;
const bool SCALED = true;
const uint RANK_WORDS = uint(RANK + 3) / 4u;

#include "waiting.glsl"
#define OUTPUT_BLOCK LiveFloats
#include "gemv_target.glsl"
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Fours {
    vec4 at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) coherent buffer LiveFours {
    vec4 at[];
};
// What is not needed first.
struct TargetRest {
    Words extras;
    LiveFloats outputs;
    int flags;
    int unused;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Job {
    TargetRest targets[3];
    Floats columnScale; // null = ones
    Words lowRankB;
    Words encoded;
    LiveWords meta; // [META_WORDS + RANK]
    Words lowRankBs;
    Awaited before;
};

layout(push_constant, scalar) uniform Push {
    LiveFours x;
    Fours gain;
    Floats r1;
    Fours r2;
    LiveFloats values; // as the words of levels lie
    Progress progress;
    Job job;
    Quads weights[3];
    int rows[3];
    uint factors;    // M1 | M2 << 8 | LEFT_PARTS << 16 | RIGHT_PARTS << 24
    uint modes;      // QUADS_MAGIC | log2 JOINERS << 20 | LEVEL_BITS << 24, NORM 28, HAS_SCALE 29, GATED 30
    uint pieces;     // ROW_QUADS | SHARE << 16
    uint spread;     // STEPS | log2 SLICES << 8 | log2 LANES_PER_ROW << 16 | TARGETS << 24
    uint groups;     // the first PROJECTOR | the first multiplier << 16
    float epsilon;
    float clipLow;
    float clipHigh;
}
p;
#define M1 (p.factors & 255u)
#define M2 (p.factors >> 8 & 255u)
#define LEFT_PARTS (p.factors >> 16 & 255u)
#define RIGHT_PARTS (p.factors >> 24)
#define QUADS_MAGIC (p.modes & 0xfffffu)
#define JOINERS_LOG (p.modes >> 20 & 15u)
#define LEVEL_BITS (p.modes >> 24 & 15u)
#define NORM ((p.modes >> 28 & 1u) != 0u)
#define HAS_SCALE ((p.modes >> 29 & 1u) != 0u)
#define GATED ((p.modes >> 30 & 1u) != 0u)
#define ROW_QUADS (p.pieces & 0xffffu)
#define SHARE (p.pieces >> 16) // pieces of a lane
#define STEPS (p.spread & 255u)  // of rows, a team
#define SLICES_LOG (p.spread >> 8 & 255u) // of a row of B
#define LANES_LOG (p.spread >> 16 & 255u)
#define LANES_PER_ROW (1u << LANES_LOG)
#define TARGETS (p.spread >> 24)
#define FIRST_PROJECTOR (p.groups & 0xffffu)
#define FIRST_MULTIPLIER (p.groups >> 16)
#define COLUMNS (M1 * M2)
#define TURNERS ((M1 + 1u) / 2u)
#define WORDS (32u * ROW_QUADS)
#define FILLED_WORDS ((COLUMNS + 31u) / 32u * 8u)
#define PADDED (SHARE * LANES_PER_ROW)
#define PADDED_WORDS (32u * PADDED)
#define PITCH (PADDED | 1u)
#define OUTPUTS (GATED ? uint(ROWS) / 2u : uint(ROWS)) // of a team
#define PROJECTORS (uint(RANK > 0 ? RANK : 1) << SLICES_LOG)
#define COLUMN_SCALE p.job.columnScale

Target targetAt(uint i) {
    return Target(p.weights[i], p.job.targets[i].extras, p.job.targets[i].outputs, p.rows[i],
                  p.job.targets[i].flags);
}

// First partial sums of the rotation, then levels.
shared uvec4 board[BOARD_QUADS];
#define levels board
#define AWAIT_X AWAIT_BEFORE(p.job.before)
#include "lean_rotation.glsl"
#define SMALL_LEVELS
#include "levels.glsl"
#include "word_sum.glsl"
#define ENCODED p.job.encoded
#define META p.job.meta
#define VALUES_AT(word) LiveFours(p.values).at[word]
#include "lean_levels.glsl"

#define SLICE ((WORDS + (1u << SLICES_LOG) - 1u) >> SLICES_LOG)
shared float projections[3 * (RANK > 0 ? RANK : 1)]; // times the scales of A, of each target

// Words of B that workgroup `group` multiplies: of row k, in [begin, end).
struct Slice {
    uint k, begin, end;
};
Slice sliceOf(uint group) {
    const uint k = group >> SLICES_LOG;
    const uint begin = (group - (k << SLICES_LOG)) * SLICE;
    return Slice(k, begin, min(begin + SLICE, WORDS));
}

void project(Slice own, uint first) {
    const uint k = own.k;
    int sum = 0;
    uint b = first;
    [[dont_unroll]] for (uint word = own.begin + gl_LocalInvocationID.x; word < own.end;) {
        sum += dotSigned(b, levels[levelAt(word)][word % 4u] >> shiftOf(word));
        word += gl_WorkGroupSize.x;
        if (word < own.end)
            b = p.job.lowRankB.at[k * WORDS + word];
    }
    sum = teamAdd(sum);
    barrier(); // everybody has read the sums of levels
    if (LANE == 0u)
        teamSums[TEAM] = sum;
    barrier();
    sum = joinedSum();
    if (gl_LocalInvocationID.x == 0u) {
        atomicAdd(META.at[META_WORDS + k], uint(sum));
        COUNT(p.progress.projected);
    }
}

// Of the low-rank projection, what is there before it is known; one element an invocation.
float scaleOfA, scaleOfB;
int sumOfB;
void requestTerms() {
    const uint self = gl_LocalInvocationID.x;
    if (self < TARGETS * uint(RANK)) {
        Target target = targetAt(self / uint(RANK));
        scaleOfA = uintBitsToFloat(target.extras.at[lowRankAScales(target, RANK_WORDS) + self % uint(RANK)]);
        scaleOfB = uintBitsToFloat(p.job.lowRankBs.at[self % uint(RANK)]);
        sumOfB = int(p.job.lowRankBs.at[uint(RANK) + self % uint(RANK)]);
    }
}
void shareProjections() {
    const uint self = gl_LocalInvocationID.x;
    if (self < TARGETS * uint(RANK)) {
        const int sum = int(META.at[META_WORDS + self % uint(RANK)]) - zero * sumOfB;
        projections[self] = scaleOfA * (scaleOfB * (levelScale * float(sum)));
    }
    barrier();
}

// Rows of a team: OUTPUTS neighbouring ones of one target, or of both where GATED.
struct Rows {
    uint target, first, end; // end: of the target
};
Rows rowsAt(uint row) {
    if (GATED)
        return Rows(0u, row, uint(p.rows[0]));
    uint target = 0u;
    for (; target + 1u < TARGETS; ++target) {
        const uint rows = uint(p.rows[target]);
        if (row < rows)
            break;
        row -= rows;
    }
    return Rows(target, row, uint(p.rows[target]));
}
uint rowOf(Rows rows, int r) {
    return min(rows.first + (GATED ? uint(r) / 2u : uint(r)), rows.end - 1u);
}
uint targetOf(Rows rows, int r) {
    return GATED ? uint(r) & 1u : rows.target;
}

Rows rows;
uint lane;
uvec4 wanted[ROWS * AHEAD];
Quads source[ROWS]; // of what is wanted next
uint start[ROWS];   // its row
uint rowWords[ROWS]; // of A
uint sums[ROWS];
// Of the row that this lane finishes.
Target target;
float rowScale, rowMean, before;
int rowSigns;

int ownRow() {
    return int(lane) % ROWS;
}
void aim(Rows at) {
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        source[r] = p.weights[targetOf(at, r)];
        start[r] = rowOf(at, r) * ROW_QUADS;
    }
}
void request(int slot, uint piece) {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        wanted[r * AHEAD + slot] = source[r].at[start[r] + min(piece, ROW_QUADS - 1u)];
}
uint rankWordAt(int r, uint word) {
    Target from = targetAt(targetOf(rows, r));
    return from.extras.at[lowRankA(from) + rowOf(rows, r) * RANK_WORDS + word];
}
void requestExtras() {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        rowWords[r] = lane < RANK_WORDS ? rankWordAt(r, lane) : 0u;
    target = targetAt(targetOf(rows, ownRow()));
    const uint row = rowOf(rows, ownRow());
    rowScale = uintBitsToFloat(target.extras.at[row]);
    rowSigns = int(target.extras.at[signSums(target) + row]);
    rowMean = 0.0;
    if ((target.flags & MEAN) != 0)
        rowMean = uintBitsToFloat(target.extras.at[padded(uint(target.rows)) + row]);
    before = 0.0; // the dispatch before this one has been waited for
    if ((target.flags & ACCUMULATE) != 0)
        before = target.outputs.at[row];
}

// The first of the wanted pieces; the others move up.
void multiply(uint piece) {
    [[unroll]] for (int i = 0; i < 4; ++i) {
        const uvec4 low = levels[uint(2 * i) * PITCH + piece];
        const uvec4 high = levels[uint(2 * i + 1) * PITCH + piece];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = wordSum(wanted[r * AHEAD][i], low, high, sums[r]);
    }
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        [[unroll]] for (int a = 1; a < AHEAD; ++a)
            wanted[r * AHEAD + a - 1] = wanted[r * AHEAD + a];
}

// The low-rank terms of word `word` of row r.
float lowRankPart(int r, uint word, uint bytes) {
    float sum = 0.0;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        if (4u * word + byte < uint(RANK))
            sum += int8At(bytes, byte) * projections[targetOf(rows, r) * uint(RANK) + 4u * word + byte];
    return sum;
}
float lowRankOf(int r) {
    float sum = lowRankPart(r, lane, rowWords[r]);
    if (RANK_WORDS > LANES_PER_ROW)
        for (uint word = lane + LANES_PER_ROW; word < RANK_WORDS; word += LANES_PER_ROW)
            sum += lowRankPart(r, word, rankWordAt(r, word));
    return sum;
}

void finishRows() {
    const int mine = ownRow();
    uint set = 0u;
    float low = 0.0;
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        float lowRank = lowRankOf(r);
        [[dont_unroll]] for (uint other = LANES_PER_ROW / 2u; other > 0u; other /= 2u) {
            sums[r] += subgroupShuffleXor(sums[r], other);
            lowRank += subgroupShuffleXor(lowRank, other);
        }
        set = mine == r ? sums[r] : set;
        low = mine == r ? lowRank : low;
    }
    const int u = 2 * int(set >> 2) - levelSum - zero * rowSigns;
    float value = rowScale * (levelScale * float(u)) + low +
                  rowMean * (levelScale * float(levelSum - zero * int(COLUMNS)));
    if (GATED) {
        const float up = subgroupShuffleXor(value, 1u);
        value = value / (1.0 + exp(-value)) * up;
    }
    if (lane < uint(ROWS) && (!GATED || (lane & 1u) == 0u) && rows.first + (GATED ? lane / 2u : lane) < rows.end)
        target.outputs.at[rowOf(rows, mine)] = before + value;
}

shared uvec2 teamExtremes[128];

void turnRows(uint group) {
    if (group == 0u && gl_LocalInvocationID.x < uint(RANK))
        META.at[META_WORDS + gl_LocalInvocationID.x] = 0u; // nobody reads what was there any more
    const float value = turn(group * TURN_ROWS);
    // Bits of what is not negative compare as whole numbers do.
    uvec2 extremes = uvec2(teamMax(floatBitsToUint(max(-value, 0.0))),
                           teamMax(floatBitsToUint(max(value, 0.0))));
    if (LANE == 0u)
        teamExtremes[TEAM] = extremes;
    syncBuffers();
    if (TEAM == 0u) {
        for (uint i = LANE; i < TEAMS; i += LANES)
            extremes = max(extremes, teamExtremes[i]);
        extremes = uvec2(teamMax(extremes.x), teamMax(extremes.y));
        if (LANE == 0u) {
            atomicMax(p.progress.least, extremes.x);
            atomicMax(p.progress.most, extremes.y);
            COUNT(p.progress.turned);
        }
    }
}

#define TEAM_ROWS ((gl_WorkGroupSize.x >> LANES_LOG) * OUTPUTS) // of a step

void main() {
    const uint group = gl_WorkGroupID.x;
    const bool multiplies = group >= FIRST_MULTIPLIER;
    const uint projector = group - FIRST_PROJECTOR; // wraps around below
    const bool projects = RANK > 0 && group >= FIRST_PROJECTOR && projector < PROJECTORS;
    lane = gl_SubgroupInvocationID & LANES_PER_ROW - 1u;
    const uint team = (gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID) >> LANES_LOG;
    uint row = (group - FIRST_MULTIPLIER) * (TEAM_ROWS * STEPS) + team * OUTPUTS;
    if (multiplies) {
        rows = rowsAt(row);
        aim(rows);
        [[unroll]] for (int a = 0; a < AHEAD; ++a)
            request(a, lane + uint(a) * LANES_PER_ROW);
        requestTerms();
    }
    Slice own = Slice(0u, 0u, 0u);
    uint sliceWord = 0u; // the first of this invocation's
    if (projects) {
        own = sliceOf(projector);
        if (own.begin + gl_LocalInvocationID.x < own.end)
            sliceWord = p.job.lowRankB.at[own.k * WORDS + own.begin + gl_LocalInvocationID.x];
    }
    if (group < TURNERS)
        turnRows(group);
    if (group < min(FIRST_PROJECTOR, FIRST_MULTIPLIER))
        return;
    AWAIT(p.progress.turned, TURNERS)
    makeLevels(group == FIRST_PROJECTOR);
    if (projects)
        project(own, sliceWord);
    if (!multiplies)
        return;
    [[dont_unroll]] for (uint step = 0u; step < STEPS; ++step) {
        row += TEAM_ROWS;
        const Rows next = rowsAt(row);
        requestExtras();
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = 0u;
        [[dont_unroll]] for (uint piece = 0u; piece < SHARE; ++piece) {
            multiply(lane + piece * LANES_PER_ROW);
            uint ahead = piece + uint(AHEAD);
            if (ahead == SHARE)
                aim(next);
            if (ahead < SHARE || step + 1u < STEPS)
                request(AHEAD - 1, lane + (ahead < SHARE ? ahead : ahead - SHARE) * LANES_PER_ROW);
        }
        if (step == 0u && RANK > 0) {
            AWAIT(p.progress.projected, PROJECTORS)
            shareProjections();
        }
        finishRows();
        rows = next;
    }
    COUNT_FINISHED(p.progress)
}
