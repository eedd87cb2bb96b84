#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a decode step makes of one input: rotation, levels, their low-rank projection and up to three
// products that share the input, by one workgroup for each multiprocessor, which stays. TURNERS of them
// turn a row or two each and ask for weights then, so that their small data are first in the queue; the
// others ask for weights at once. Then everybody makes the levels for itself (5120 values: 360 clocks of
// instructions; a dispatch of their own was 6 us), PROJECTORS of them a slice of B q each; then it
// multiplies, every register asked to be filled again as soon as it is read. The projection is waited
// for at the end of the first rows.
//
// Between two such dispatches there is no barrier, and nobody counts: values, extremes, sums and outputs
// say themselves that they are there (waiting.glsl), and the weights of the second stream meanwhile.
//
// Little code: on an H200 an instruction that is run for the first time takes some 25 clocks. So what is
// rare is in one place, and pieces move up through registers in a loop. qwen3-32b, tokens/s: 134 with
// everything unrolled (45 to 116 KB an input), 153 with all sizes as push constants so that all inputs
// share 44 KB, 156 as separate dispatches, 191 so with counters (docs/performance.md, version 5); 198 and
// 221 with counters and without in the trial of version 7. What lost there: other workgroups touching the
// next input's data (-12), more of the own weights (-17), more rows of a team (-30), more pieces ahead.
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

layout(constant_id = 2) const int LANES_PER_ROW = 8;
layout(constant_id = 3) const int ROWS = 1;
layout(constant_id = 4) const int AHEAD = 1; // pieces on their way, of each row
layout(constant_id = 5) const int SHARE = 1; // pieces of a lane
layout(constant_id = 6) const int STEPS = 1; // of rows, a team
layout(constant_id = 7) const bool GATED = false;
layout(constant_id = 8) const int ROW_QUADS = 1;
layout(constant_id = 9) const int RANK = 0;
layout(constant_id = 10) const int SLICES = 1; // of a row of B
layout(constant_id = 11) const int M1 = 4;
layout(constant_id = 12) const int M2 = 4;
layout(constant_id = 13) const int TURN_ROWS = 1;
layout(constant_id = 14) const int LEFT_PARTS = 1;
layout(constant_id = 15) const int RIGHT_PARTS = 1;
layout(constant_id = 16) const int JOINERS = 1;
layout(constant_id = 17) const bool NORM = false;
layout(constant_id = 18) const bool AWAITS = false; // x carries flags; else it is behind a barrier
const bool SCALED = true;
const uint WORDS = 32u * uint(ROW_QUADS);
const uint PADDED = uint(SHARE * LANES_PER_ROW);
const uint PADDED_WORDS = 32u * PADDED;
const uint PITCH = PADDED | 1u;
const uint STREAMS = GATED ? 2u : 1u; // weights that a team reads
const uint OUTPUTS = uint(ROWS) / STREAMS;
const uint RANK_WORDS = uint(RANK + 3) / 4u;

#include "waiting.glsl"
#define OUTPUT_BLOCK Flagged
#include "gemv_target.glsl"
const int BEFORE_FLAGGED = 8; // one more of a target's flags
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Fours {
    vec4 at[];
};
// What is not needed first.
struct TargetRest {
    Words extras;
    Flagged outputs;
    Flagged before; // what the products are added to, by ACCUMULATE
    int flags;
    int unused;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Job {
    TargetRest targets[3];
    Words lowRankB;
    Words encoded;
    Words meta; // [META_WORDS + RANK]
    Words lowRankBs;
};

layout(push_constant, scalar) uniform Push {
    Flagged x;
    Floats gain;
    Floats r1;
    Fours r2;
    Floats columnScale; // null = ones
    Flagged values;     // lean_levels.glsl
    Flagged notes;      // of each turner its extremes, then of each projector its sum
    Job job;
    Quads weights[3];
    int rows[3];
    float epsilon;
    float clipLow;
    float clipHigh;
    int modes; // bits | 256 where there is a columnScale
    uint projectors;  // the first
    uint multipliers; // likewise
    uint targetCount;
}
p;

Target targetAt(uint i) {
    return Target(p.weights[i], p.job.targets[i].extras, p.job.targets[i].outputs, p.rows[i],
                  p.job.targets[i].flags);
}

// First partial sums of the rotation, then levels.
const uint LEVEL_QUADS = 8u * PITCH;
const uint PARTIALS =
    uint(LEFT_PARTS > RIGHT_PARTS ? LEFT_PARTS : RIGHT_PARTS) * uint(TURN_ROWS * (M2 / 4));
shared uvec4 board[LEVEL_QUADS > PARTIALS ? LEVEL_QUADS : PARTIALS];
#define levels board
#include "lean_rotation.glsl"
#define SMALL_LEVELS
#include "levels.glsl"
#include "word_sum.glsl"
#define ENCODED p.job.encoded
#define META p.job.meta
#include "lean_levels.glsl"

const uint SLICE = (WORDS + uint(SLICES) - 1u) / uint(SLICES);
const uint SLICE_SHARE = (SLICE + gl_WorkGroupSize.x - 1u) / gl_WorkGroupSize.x;
const uint PROJECTORS = uint((RANK > 0 ? RANK : 1) * SLICES); // workgroups
shared float projections[3 * (RANK > 0 ? RANK : 1)]; // times the scales of A, of each target

// Element `self` of the slice of workgroup `group`.
uint wordOfSlice(uint group, uint i) {
    const uint own = gl_LocalInvocationID.x + i * gl_WorkGroupSize.x;
    const uint word = group % uint(SLICES) * SLICE + own;
    return own < SLICE && word < WORDS ? word : WORDS;
}

uint slice[SLICE_SHARE];
void requestSlice(uint group) {
    [[unroll]] for (uint i = 0u; i < SLICE_SHARE; ++i) {
        const uint word = wordOfSlice(group, i);
        slice[i] = word < WORDS ? p.job.lowRankB.at[group / uint(SLICES) * WORDS + word] : 0u;
    }
}

void project(uint group) {
    int sum = 0;
    [[unroll]] for (uint i = 0u; i < SLICE_SHARE; ++i) {
        const uint word = wordOfSlice(group, i);
        if (word < WORDS)
            sum += dotSigned(slice[i], levels[levelAt(word)][word % 4u] >> shiftOf(word));
    }
    sum = teamAdd(sum);
    barrier(); // everybody has read the sums of levels
    if (LANE == 0u)
        teamSums[TEAM] = sum;
    barrier();
    sum = joinedSum();
    if (gl_LocalInvocationID.x == 0u)
        LEAVE(p.notes, 2u * TURNERS + group, flaggedBits(uint(sum)));
}

// Of the low-rank projection, what is there before it is known; one element an invocation.
float scaleOfA, scaleOfB;
int sumOfB;
void requestTerms() {
    const uint self = gl_LocalInvocationID.x;
    if (self < p.targetCount * uint(RANK)) {
        Target target = targetAt(self / uint(RANK));
        scaleOfA = uintBitsToFloat(target.extras.at[lowRankAScales(target, RANK_WORDS) + self % uint(RANK)]);
        scaleOfB = uintBitsToFloat(p.job.lowRankBs.at[self % uint(RANK)]);
        sumOfB = int(p.job.lowRankBs.at[uint(RANK) + self % uint(RANK)]);
    }
}
shared int partials[PROJECTORS];
void shareProjections() {
    const uint self = gl_LocalInvocationID.x;
    if (self < PROJECTORS) {
        uint note = 0u;
        while (!isThere(note))
            note = LOOK(p.notes, 2u * TURNERS + self);
        partials[self] = int(note) >> 1;
    }
    barrier();
    if (self < p.targetCount * uint(RANK)) {
        int sum = 0;
        for (uint i = 0u; i < uint(SLICES); ++i)
            sum += partials[self % uint(RANK) * uint(SLICES) + i];
        if (self < uint(RANK) && gl_WorkGroupID.x == p.multipliers)
            META.at[META_WORDS + self] = uint(sum);
        sum -= zero * sumOfB;
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
    for (; target + 1u < p.targetCount; ++target) {
        const uint rows = uint(p.rows[target]);
        if (row < rows)
            break;
        row -= rows;
    }
    return Rows(target, row, uint(p.rows[target]));
}
uint rowOf(Rows rows, int r) {
    return min(rows.first + uint(r) / STREAMS, rows.end - 1u);
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
Flagged beforeAt;
float rowScale, rowMean;
uint before;
int rowSigns;

int ownRow() {
    return int(lane) % ROWS;
}
void aim(Rows at) {
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        source[r] = p.weights[targetOf(at, r)];
        start[r] = rowOf(at, r) * uint(ROW_QUADS);
    }
}
void request(int slot, uint piece) {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        wanted[r * AHEAD + slot] = source[r].at[start[r] + min(piece, uint(ROW_QUADS) - 1u)];
}
uint rankWordAt(int r, uint word) {
    Target from = targetAt(targetOf(rows, r));
    return from.extras.at[lowRankA(from) + rowOf(rows, r) * RANK_WORDS + word];
}
void requestExtras() {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        rowWords[r] = lane < RANK_WORDS ? rankWordAt(r, lane) : 0u;
    target = targetAt(targetOf(rows, ownRow()));
    beforeAt = p.job.targets[targetOf(rows, ownRow())].before;
    const uint row = rowOf(rows, ownRow());
    rowScale = uintBitsToFloat(target.extras.at[row]);
    rowSigns = int(target.extras.at[signSums(target) + row]);
    rowMean = 0.0;
    if ((target.flags & MEAN) != 0)
        rowMean = uintBitsToFloat(target.extras.at[padded(uint(target.rows)) + row]);
}
// Looked at again when it is needed.
void requestBefore() {
    before = 0u;
    if ((target.flags & ACCUMULATE) != 0)
        before = LOOK(beforeAt, rowOf(rows, ownRow()));
}
float awaitedBefore() {
    if ((target.flags & BEFORE_FLAGGED) != 0)
        while (!isThere(before))
            requestBefore();
    return uintBitsToFloat(before);
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
    if (RANK_WORDS > uint(LANES_PER_ROW))
        for (uint word = lane + uint(LANES_PER_ROW); word < RANK_WORDS; word += uint(LANES_PER_ROW))
            sum += lowRankPart(r, word, rankWordAt(r, word));
    return sum;
}

void finishRows() {
    const int mine = ownRow();
    uint set = 0u;
    float low = 0.0;
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        float lowRank = lowRankOf(r);
        [[unroll]] for (uint other = uint(LANES_PER_ROW) / 2u; other > 0u; other /= 2u) {
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
    if (lane < uint(ROWS) && (!GATED || (lane & 1u) == 0u) && rows.first + lane / STREAMS < rows.end)
        LEAVE(target.outputs, rowOf(rows, mine), flagged(awaitedBefore() + value));
}

const uint TEAM_ROWS = gl_WorkGroupSize.x / uint(LANES_PER_ROW) * OUTPUTS; // of a step

void main() {
    const uint group = gl_WorkGroupID.x;
    const bool multiplies = group >= p.multipliers;
    const uint projector = group - p.projectors; // wraps around below
    const bool projects = RANK > 0 && group >= p.projectors && projector < PROJECTORS;
    lane = gl_SubgroupInvocationID % uint(LANES_PER_ROW);
    const uint team = gl_SubgroupID * (gl_SubgroupSize / uint(LANES_PER_ROW)) +
                      gl_SubgroupInvocationID / uint(LANES_PER_ROW);
    uint row = (group - p.multipliers) * (TEAM_ROWS * uint(STEPS)) + team * OUTPUTS;
    if (group < TURNERS) {
        requestTurn(group * uint(TURN_ROWS));
        turnRows(group);
    }
    if (multiplies) {
        rows = rowsAt(row);
        aim(rows);
        [[unroll]] for (int a = 0; a < AHEAD; ++a)
            request(a, lane + uint(a * LANES_PER_ROW));
        requestExtras();
        requestTerms();
    }
    if (projects)
        requestSlice(projector);
    if (group < min(p.projectors, p.multipliers))
        return;
    awaitExtremes();
    if (multiplies)
        requestBefore();
    makeLevels(group == p.projectors);
    if (projects)
        project(projector);
    if (!multiplies)
        return;
    [[dont_unroll]] for (int step = 0; step < STEPS; ++step) {
        row += TEAM_ROWS;
        const Rows next = STEPS > 1 ? rowsAt(row) : rows;
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = 0u;
        [[dont_unroll]] for (int piece = 0; piece < SHARE; ++piece) {
            multiply(lane + uint(piece * LANES_PER_ROW));
            int ahead = piece + AHEAD;
            if (STEPS > 1 && ahead == SHARE)
                aim(next);
            if ((STEPS > 1 || AHEAD < SHARE) && (ahead < SHARE || step + 1 < STEPS))
                request(AHEAD - 1, lane + uint((ahead < SHARE ? ahead : ahead - SHARE) * LANES_PER_ROW));
        }
        if (step == 0 && RANK > 0)
            shareProjections();
        finishRows();
        if (STEPS > 1) {
            rows = next;
            requestExtras();
            requestBefore();
        }
    }
}
