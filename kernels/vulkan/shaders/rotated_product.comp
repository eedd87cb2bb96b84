#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A decode step's rotation (rotation.glsl), levels (row_levels.glsl) and products (gemv.glsl) of one
// input as one dispatch of three kinds of workgroups, in this order: turners, levelers, and those of
// the products. Each waits for all of the kind before it; meanwhile it asks for what does not depend
// on them: the factor B, and the weights, which so stream while the input is prepared. Three
// dispatches with barriers between them cost 3 x 3.5 us of start and end on an H200 and stream
// nothing meanwhile; a wait costs a few passes to the cache, about 1 us.
//
// A workgroup waits only for workgroups of lower numbers, and for the dispatch before where that
// counts its workgroups too: there is no barrier between the two then, turners wait for the end of
// that one, and the weights of this one stream meanwhile.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int LANES_PER_ROW = 8;
layout(constant_id = 3) const int ROWS = 2;
layout(constant_id = 4) const int AHEAD = 4;
layout(constant_id = 5) const int PITCH = 1;
layout(constant_id = 6) const bool EARLY = true;
layout(constant_id = 7) const bool GATED = false;
layout(constant_id = 8) const int M1 = 1;
layout(constant_id = 9) const int M2 = 1;
layout(constant_id = 10) const int TURN_ROWS = 1;
layout(constant_id = 11) const int PARTS = 1;
layout(constant_id = 12) const bool NORM = false;
const bool SCALED = true;

#include "waiting.glsl"
#define OUTPUT_BLOCK LiveFloats
#include "gemv_target.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Job {
    Target targets[3]; // unused ones have no rows
    Awaited before;
};

layout(push_constant, scalar) uniform Push {
    LiveFloats x;
    Floats gain;
    Floats r1;
    Floats r2;
    Floats columnScale; // null = ones
    LiveFloats values;  // [stride]
    Words lowRankB;
    LiveWords encoded; // [stride] bytes
    LiveWords meta;    // [META_WORDS + rank]
    Words lowRankBs;
    Progress progress;
    Job job;
    int cols;
    int stride;
    int rank;   // of the input
    uint sizes; // gemv.glsl
    float epsilon;
    float clipLow;
    float clipHigh;
    int modes; // bits | 256 where there is a columnScale
}
p;

#define SELF gl_LocalInvocationID.x
#define ALL gl_WorkGroupSize.x
#define EPSILON p.epsilon
#define AWAIT_X AWAIT_BEFORE(p.job.before)
#include "rotation.glsl"
#define SMALL_LEVELS
#include "levels.glsl"
#define VALUE_AT(column) p.values.at[column]
#include "row_levels.glsl"
#include "word_sum.glsl"
#define TARGET_AT(i) p.job.targets[i]
#define LEVELS_AT(i) LiveQuads(p.encoded).at[i]
#define META_AT(i) p.meta.at[i]
#define PROJECTION_TERMS p.lowRankBs
#define SIZES p.sizes
#define COLS p.cols
#include "gemv.glsl"

void turnRows(uint group) {
    const uint firstRow = group * uint(TURN_ROWS);
    const float inverse = turn(0u, firstRow);
    if (group == 0u) // and nobody reads what was there any more
        for (uint i = SELF; i <= uint(p.rank); i += ALL)
            p.meta.at[META_WORDS - 1u + i] = 0u;
    float least = 0.0;
    float most = 0.0;
    for (uint i = SELF; i < TURNED; i += ALL) {
        const uint column = firstRow * uint(M2) + i;
        if (column >= COLUMNS)
            break;
        float value = joined(i) * inverse;
        if ((p.modes & 256) != 0)
            value *= p.columnScale.at[column];
        p.values.at[column] = value;
        widen(value, least, most);
    }
    shareExtremes(least, most);
    syncBuffers();
    const vec2 extremes = joinedExtremes();
    if (SELF == 0u) {
        atomicMax(p.progress.least, floatBitsToUint(abs(extremes.x)));
        atomicMax(p.progress.most, floatBitsToUint(abs(extremes.y)));
        COUNT(p.progress.turned);
    }
}

void makeRowLevels(uint group, uint turners) {
    const uint word = group * ALL + SELF;
    requestB(0u, word, uint(p.stride) / 4u);
    AWAIT(p.progress.turned, turners)
    requestValues(word);
    precise const float low = p.clipLow * -uintBitsToFloat(p.progress.least);
    precise const float high = p.clipHigh * uintBitsToFloat(p.progress.most);
    const float steps = float((1 << (p.modes & 255)) - 1);
    makeLevels(0u, word, gridOf(low, high, steps), steps);
    syncBuffers();
    if (SELF < COUNTERS)
        COUNT(p.progress.leveled[32u * SELF]);
}

void main() {
    const uint turners = uint((M1 + TURN_ROWS - 1) / TURN_ROWS);
    const uint levelers = (uint(p.stride) / 4u + ALL - 1u) / ALL;
    const uint group = gl_WorkGroupID.x;
    if (group < turners) {
        turnRows(group);
    } else if (group < turners + levelers) {
        makeRowLevels(group - turners, turners);
    } else {
        beginProduct(group - turners - levelers);
        AWAIT(p.progress.leveled[32u * (group % COUNTERS)], levelers)
        finishProduct();
        COUNT_FINISHED(p.progress)
    }
}
