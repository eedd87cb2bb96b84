#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a decode step makes of one input: rotation, levels, their low-rank projection and up to three
// products that share the input, by one workgroup for each multiprocessor, which stays. A workgroup
// first asks for weights; then TURNERS of them turn a row or two each; then everybody makes the levels
// for itself (5120 values: 360 clocks of instructions; a dispatch of their own was 6 us), PROJECTORS of
// them a slice of B q each; then it multiplies, every register asked to be filled again as soon as it
// is read. The projection is waited for at the end of the first rows.
//
// Between two such dispatches there is no barrier: the turners of the second wait for the workgroups of
// the first, and its weights stream meanwhile.
//
// Little code: on an H200 an instruction that is run for the first time takes some 25 clocks. So what is
// rare is in one place, and pieces move up through registers in a loop. qwen3-32b, tokens/s: 134 with
// everything unrolled (45 to 116 KB an input), 191 as it is, 153 with all sizes as push constants so
// that all inputs share 44 KB, 156 as separate dispatches (docs/performance.md, version 5).
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
layout(constant_id = 16) const int RIGHT_AHEAD = 1;
layout(constant_id = 17) const int JOINERS = 1;
layout(constant_id = 18) const bool NORM = false;
layout(constant_id = 19) const uint X = 0u; // switches
layout(constant_id = 20) const int TOUCHED = 0; // pieces of a lane past AHEAD
layout(constant_id = 21) const int AT_ONCE = 1; // pieces; divides SHARE and AHEAD
#define ON(bit) ((X & uint(bit)) != 0u)
#define OFF(bit) ((X & uint(bit)) == 0u)
const bool SCALED = true;
const uint WORDS = 32u * uint(ROW_QUADS);
const uint PADDED = uint(SHARE * LANES_PER_ROW);
const uint PADDED_WORDS = 32u * PADDED;
const uint PITCH = PADDED | 1u;
const uint STREAMS = GATED ? 2u : 1u; // weights that a team reads
const uint OUTPUTS = uint(ROWS) / STREAMS;
const uint RANK_WORDS = uint(RANK + 3) / 4u;

#include "trace.glsl"
#include "waiting.glsl"
#define OUTPUT_BLOCK LiveFloats
#include "gemv_target.glsl"
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Fours {
    vec4 at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) coherent buffer LiveFours {
    vec4 at[];
};
// What the next dispatch needs first.
struct Share {
    Words from;
    uint words;
    uint unused;
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Shares {
    Share at[8];
};
// What is not needed first.
struct TargetRest {
    Words extras;
    LiveFloats outputs;
    int flags;
    int unused;
    LiveFloats shadow; // the outputs, their last bit set
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Job {
    TargetRest targets[3];
    Words lowRankB;
    Words encoded;
    LiveWords meta; // [META_WORDS + RANK]
    Words lowRankBs;
    Awaited before;
    Traces traces;
    Shares next;
    int nextShares;
    int unused;
};

layout(push_constant, scalar) uniform Push {
    LiveFours x;
    Fours gain;
    Floats r1;
    Fours r2;
    Floats columnScale; // null = ones
    LiveFloats values;  // as the words of levels lie
    Progress progress;
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
// Where ON(64) read with the first of all.
Awaited awaitedBefore;
#define REQUEST_AWAITED                                                                            \
    if (ON(64))                                                                                    \
        awaitedBefore = p.job.before;
#define AWAIT_X                                                                                    \
    if (OFF(64))                                                                                   \
        awaitedBefore = p.job.before;                                                              \
    AWAIT_BEFORE(awaitedBefore)
#include "lean_rotation.glsl"
#define SMALL_LEVELS
#include "levels.glsl"
#include "word_sum.glsl"
#define ENCODED p.job.encoded
#define META p.job.meta
#define VALUES_AT(word) FreshFours(p.values).at[word]
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
    if (gl_LocalInvocationID.x == 0u) {
        if (ON(1024)) {
            Extremes(p.progress).partials[group] = uint(sum) << 1 | 1u;
        } else {
            atomicAdd(META.at[META_WORDS + group / uint(SLICES)], uint(sum));
            COUNT(p.progress.projected);
        }
    }
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
bool lacksPartial(Extremes from, out uint own) {
    own = from.partials[gl_LocalInvocationID.x];
    return own == 0u;
}
void awaitPartials() {
    const uint self = gl_LocalInvocationID.x;
    if (self < PROJECTORS) {
        Extremes from = Extremes(p.progress);
        uint own;
        SPIN(lacksPartial(from, own))
        partials[self] = int(own) >> 1;
    }
    barrier();
}
uint sumOfPartials(uint k) {
    int sum = 0;
    for (uint i = 0u; i < uint(SLICES); ++i)
        sum += partials[k * uint(SLICES) + i];
    return uint(sum);
}
void shareProjections() {
    const uint self = gl_LocalInvocationID.x;
    if (self < p.targetCount * uint(RANK)) {
        const uint sumOfLevels = ON(1024) ? sumOfPartials(self % uint(RANK))
                                          : META.at[META_WORDS + self % uint(RANK)];
        if (ON(1024) && self < uint(RANK) && gl_WorkGroupID.x == max(p.projectors, p.multipliers))
            META.at[META_WORDS + self] = sumOfLevels;
        const int sum = int(sumOfLevels) - zero * sumOfB;
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
LiveFloats shadow;
float rowScale, rowMean, before;
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
    if (ON(4096))
        shadow = p.job.targets[targetOf(rows, ownRow())].shadow;
    const uint row = rowOf(rows, ownRow());
    rowScale = uintBitsToFloat(target.extras.at[row]);
    rowSigns = int(target.extras.at[signSums(target) + row]);
    rowMean = 0.0;
    if ((target.flags & MEAN) != 0)
        rowMean = uintBitsToFloat(target.extras.at[padded(uint(target.rows)) + row]);
}
// What the products are added to; the dispatch before may still write it when this one starts.
void requestBefore() {
    before = 0.0;
    if ((target.flags & ACCUMULATE) != 0)
        before = target.outputs.at[rowOf(rows, ownRow())];
}

void multiply(int slot, uint piece) {
    [[unroll]] for (int i = 0; i < 4; ++i) {
        const uvec4 low = levels[uint(2 * i) * PITCH + piece];
        const uvec4 high = levels[uint(2 * i + 1) * PITCH + piece];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = wordSum(wanted[r * AHEAD + slot][i], low, high, sums[r]);
    }
}
// What was wanted next comes first.
void moveUp() {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        [[unroll]] for (int a = AT_ONCE; a < AHEAD; ++a)
            wanted[r * AHEAD + a - AT_ONCE] = wanted[r * AHEAD + a];
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
    {
        target.outputs.at[rowOf(rows, mine)] = before + value;
        if (ON(4096))
            shadow.at[rowOf(rows, mine)] = withFlag(before + value);
    }
}

shared uvec2 teamExtremes[128];

void turnRows(uint group) {
    if (OFF(1024) && group == 0u && gl_LocalInvocationID.x < uint(RANK))
        META.at[META_WORDS + gl_LocalInvocationID.x] = 0u; // nobody reads what was there any more
    const float value = turn(group * uint(TURN_ROWS));
    // Bits of what is not negative compare as whole numbers do.
    uvec2 extremes = uvec2(teamMax(floatBitsToUint(max(-value, 0.0))),
                           teamMax(floatBitsToUint(max(value, 0.0))));
    if (LANE == 0u)
        teamExtremes[TEAM] = extremes;
    if (ON(1024))
        barrier();
    else
        syncBuffers();
    if (TEAM == 0u) {
        for (uint i = LANE; i < TEAMS; i += LANES)
            extremes = max(extremes, teamExtremes[i]);
        extremes = uvec2(teamMax(extremes.x), teamMax(extremes.y));
        if (ON(1024)) {
            if (LANE == 0u)
                Extremes(p.progress).at[group] = extremes | 1u;
        } else if (LANE == 0u) {
            atomicMax(p.progress.least, extremes.x);
            atomicMax(p.progress.most, extremes.y);
            COUNT(p.progress.turned);
        }
    }
}

// Extremes of all turners, which say that their values are there or about to be.
bool lacksExtremes(Extremes from, out uvec2 own) {
    own = from.at[gl_LocalInvocationID.x];
    return own.x == 0u || own.y == 0u;
}
void awaitExtremes() {
    const uint self = gl_LocalInvocationID.x;
    Extremes from = Extremes(p.progress);
    uvec2 own = uvec2(0u);
    if (self < TURNERS) {
        SPIN(lacksExtremes(from, own))
    }
    own = uvec2(teamMax(own.x), teamMax(own.y));
    barrier(); // a turner's own are read
    if (LANE == 0u)
        teamExtremes[TEAM] = own;
    barrier();
    for (uint i = LANE; i < TEAMS; i += LANES)
        own = max(own, teamExtremes[i]);
    leastBits = teamMax(own.x);
    mostBits = teamMax(own.y);
}

// Brings the start of the next dispatch's small data near.
uint touched = 0u;
void touchNext(uint group) {
    const int shares = p.job.nextShares;
    [[dont_unroll]] for (int s = 0; s < shares; ++s) {
        Share share = p.job.next.at[s];
        for (uint i = (group * gl_WorkGroupSize.x + gl_LocalInvocationID.x) * 8u; i < share.words;
             i += (gl_NumWorkGroups.x - TURNERS) * gl_WorkGroupSize.x * 8u)
            touched |= share.from.at[i];
    }
}

const uint TEAM_ROWS = gl_WorkGroupSize.x / uint(LANES_PER_ROW) * OUTPUTS; // of a step

// And of the own weights what is not on its way yet.
const int LAST_TOUCHED = SHARE * STEPS < AHEAD + TOUCHED ? SHARE * STEPS : AHEAD + TOUCHED;
void touchRest(uint row) {
    [[dont_unroll]] for (int first = AHEAD; first < LAST_TOUCHED; first += 4) {
        uint got[4 * ROWS];
        [[unroll]] for (int a = 0; a < 4; ++a) {
            const int t = min(first + a, LAST_TOUCHED - 1);
            const Rows at = rowsAt(row + TEAM_ROWS * uint(t / SHARE));
            const uint piece = lane + uint(t % SHARE * LANES_PER_ROW);
            [[unroll]] for (int r = 0; r < ROWS; ++r)
                got[a * ROWS + r] = p.weights[targetOf(at, r)]
                                        .at[rowOf(at, r) * uint(ROW_QUADS) +
                                            min(piece, uint(ROW_QUADS) - 1u)].x;
        }
        [[unroll]] for (int i = 0; i < 4 * ROWS; ++i)
            touched |= got[i];
    }
}

void main() {
    const uint group = gl_WorkGroupID.x;
    PLACE_START
    const bool multiplies = group >= p.multipliers;
    const uint projector = group - p.projectors; // wraps around below
    const bool projects = RANK > 0 && group >= p.projectors && projector < PROJECTORS;
    lane = gl_SubgroupInvocationID % uint(LANES_PER_ROW);
    const uint team = gl_SubgroupID * (gl_SubgroupSize / uint(LANES_PER_ROW)) +
                      gl_SubgroupInvocationID / uint(LANES_PER_ROW);
    uint row = (group - p.multipliers) * (TEAM_ROWS * uint(STEPS)) + team * OUTPUTS;
    if (ON(64 | 16384) && group < TURNERS)
        requestTurn(group * uint(TURN_ROWS));
    if (ON(16384) && group < TURNERS) { // its weights are not before its small data
        turnRows(group);
        PLACE(6)
    }
    if (multiplies) {
        rows = rowsAt(row);
        aim(rows);
        [[unroll]] for (int a = 0; a < AHEAD; ++a)
            request(a, lane + uint(a * LANES_PER_ROW));
        PLACE(1)
        requestExtras();
        requestTerms();
    }
    if (projects)
        requestSlice(projector);
    PLACE(2)
    if (group < TURNERS) {
        if (OFF(64 | 16384))
            requestTurn(group * uint(TURN_ROWS));
        if (OFF(16384)) {
            turnRows(group);
            PLACE(6)
        }
    } else {
        if (ON(2))
            touchNext(group - TURNERS);
        if (ON(4) && multiplies)
            touchRest(row);
    }
    if (group < min(p.projectors, p.multipliers)) {
        LEAVE_PLACES(p.job.traces)
        return;
    }
    if (ON(8192) && multiplies && group < TURNERS)
        touchRest(row);
    if (ON(1024)) {
        awaitExtremes();
    } else {
        AWAIT(p.progress.turned, TURNERS)
        leastBits = p.progress.least;
        mostBits = p.progress.most;
    }
    PLACE(7)
    if (multiplies)
        requestBefore();
    makeLevels(group == p.projectors);
    PLACE(8)
    if (projects)
        project(projector);
    if (!multiplies) {
        LEAVE_PLACES(p.job.traces)
        return;
    }
    [[dont_unroll]] for (int step = 0; step < STEPS; ++step) {
        row += TEAM_ROWS;
        const Rows next = STEPS > 1 ? rowsAt(row) : rows;
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = 0u;
        [[dont_unroll]] for (int piece = 0; piece < SHARE; piece += AT_ONCE) {
            [[unroll]] for (int i = 0; i < AT_ONCE; ++i)
                multiply(i, lane + uint((piece + i) * LANES_PER_ROW));
            moveUp();
            const int ahead = piece + AHEAD;
            if (STEPS > 1 && ahead == SHARE)
                aim(next);
            if ((STEPS > 1 || AHEAD < SHARE) && (ahead < SHARE || step + 1 < STEPS))
                [[unroll]] for (int i = 0; i < AT_ONCE; ++i)
                    request(AHEAD - AT_ONCE + i,
                            lane + uint((ahead + i - (ahead < SHARE ? 0 : SHARE)) * LANES_PER_ROW));
        }
        if (step == 0) {
            PLACE(9)
        }
        if (step == 0 && RANK > 0) {
            if (ON(1024)) {
                awaitPartials();
            } else {
                AWAIT(p.progress.projected, PROJECTORS)
            }
            shareProjections();
        }
        finishRows();
        if (STEPS > 1) {
            rows = next;
            requestExtras();
            requestBefore();
        }
    }
    if (ON(2 | 4 | 8192) && touched == 0x5bd1e995u && levelSum == -1)
        p.progress.pad0[0] = touched; // never
    COUNT_FINISHED(p.progress)
    LEAVE_PLACES(p.job.traces)
}
