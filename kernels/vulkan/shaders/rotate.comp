#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// First half of preparing quantized rows: norm, rotation R1' X R2, column scale, and the extremes of
// what comes out. Row i of R1' X R2 needs column i of R1, all of X and all of R2: a workgroup makes
// ROWS of them, so that a single row of activations keeps M1 / ROWS workgroups busy (25600 columns
// rotate by 8.2 million multiply-adds, 300 us of one multiprocessor). The norm is a factor of the
// whole row and comes last; every workgroup adds up the squares anew while it reads X.
//
// Columns of a product go to neighbouring invocations; where there are more invocations than M2
// columns, PARTS of them share a column's sum.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int M1 = 1;
layout(constant_id = 3) const int M2 = 1;
layout(constant_id = 4) const int ROWS = 1;
layout(constant_id = 5) const int PARTS = 1; // invocations / M2, at least 1

const int NORM = 1;
const int COLUMN_SCALE = 2;

layout(push_constant, scalar) uniform Push {
    Floats x;
    Floats gain;
    Floats r1;
    Floats r2;
    Floats columnScale;
    Floats values;   // rows of stride floats
    Floats extremes; // per row and workgroup: least, greatest
    Words meta;      // rows of META_WORDS + rank; sums that the second half adds to become 0
    Run run;
    int stride;
    int rank;
    int flags;
    float epsilon;
}
p;

const uint COLS = uint(M1 * M2);
const uint ITEMS = uint(M2 * PARTS);
const uint LEFT_SHARE = uint((M1 + PARTS - 1) / PARTS);
const uint RIGHT_SHARE = uint((M2 + PARTS - 1) / PARTS);
// Loads that do not wait for each other.
const uint AT_ONCE = 8u;

shared float left[ROWS > 1 ? M1 * ROWS : 1]; // columns of R1
shared float turned[ROWS * M2];
shared float partials[PARTS * ROWS * M2];
shared float teamSquares[128];
shared vec2 teamExtremes[128];

// Factors of R2 on their way while R1' X is made.
float ahead[AT_ONCE];

#define SELF gl_LocalInvocationID.x
#define ALL gl_WorkGroupSize.x

void store(uint item, float sums[ROWS]) {
    const uint part = item / uint(M2);
    const uint column = item % uint(M2);
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        partials[(part * uint(ROWS) + uint(r)) * uint(M2) + column] = sums[r];
}

// Element i of the ROWS x M2 results.
float joined(uint i) {
    float sum = 0.0;
    for (uint part = 0u; part < uint(PARTS); ++part)
        sum += partials[part * uint(ROWS * M2) + i];
    return sum;
}

uint rightBegin(uint item) {
    return item / uint(M2) * RIGHT_SHARE;
}
void requestRight(uint item, uint k) {
    [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
        ahead[i] = p.r2.at[min(k + i, uint(M2) - 1u) * uint(M2) + item % uint(M2)];
}

// ROWS rows of R1' X; returns the squares this invocation saw.
float turnLeft(uint source, uint firstRow) {
    float squares = 0.0;
    for (uint item = SELF; item < ITEMS; item += ALL) {
        const uint begin = item / uint(M2) * LEFT_SHARE;
        const uint end = min(begin + LEFT_SHARE, uint(M1));
        float sums[ROWS];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = 0.0;
        for (uint k = begin; k < end; k += AT_ONCE) {
            float x[AT_ONCE];
            float gain[AT_ONCE];
            float own[AT_ONCE]; // of R1, where there is one row: nothing to wait for
            [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i) {
                const uint line = min(k + i, end - 1u);
                const uint at = line * uint(M2) + item % uint(M2);
                own[i] = ROWS == 1 ? p.r1.at[line * uint(M1) + firstRow] : 0.0;
                x[i] = p.x.at[source + at];
                gain[i] = (p.flags & NORM) != 0 ? p.gain.at[at] : 1.0;
            }
            [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
                if (k + i < end) {
                    squares += x[i] * x[i];
                    const float scaled = x[i] * gain[i];
                    [[unroll]] for (int r = 0; r < ROWS; ++r)
                        sums[r] += (ROWS == 1 ? own[i] : left[(k + i) * uint(ROWS) + uint(r)]) * scaled;
                }
        }
        store(item, sums);
    }
    return squares;
}

// (R1' X) R2
void turnRight() {
    for (uint item = SELF; item < ITEMS; item += ALL) {
        const uint begin = rightBegin(item);
        const uint end = min(begin + RIGHT_SHARE, uint(M2));
        float sums[ROWS];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = 0.0;
        for (uint k = begin; k < end; k += AT_ONCE) {
            if (item != SELF || k != begin)
                requestRight(item, k);
            [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
                if (k + i < end)
                    [[unroll]] for (int r = 0; r < ROWS; ++r)
                        sums[r] += turned[uint(r * M2) + k + i] * ahead[i];
        }
        store(item, sums);
    }
}

void main() {
    const uint token = gl_WorkGroupID.y;
    if (token >= uint(runRows(p.run)))
        return;
    const uint firstRow = gl_WorkGroupID.x * uint(ROWS);
    requestRight(min(SELF, ITEMS - 1u), rightBegin(min(SELF, ITEMS - 1u)));
    if (ROWS > 1) {
        for (uint i = SELF; i < uint(M1 * ROWS); i += ALL)
            left[i] = p.r1.at[i / uint(ROWS) * uint(M1) + min(firstRow + i % uint(ROWS), uint(M1) - 1u)];
        barrier();
    }
    if (gl_WorkGroupID.x == 0u)
        for (uint i = SELF; i <= uint(p.rank); i += ALL)
            p.meta.at[token * (META_WORDS + uint(p.rank)) + META_WORDS - 1u + i] = 0u;
    const float squares = teamAdd(turnLeft(token * COLS, firstRow));
    if (LANE == 0u)
        teamSquares[TEAM] = squares;
    barrier();
    for (uint i = SELF; i < uint(ROWS * M2); i += ALL)
        turned[i] = joined(i);
    barrier();
    turnRight();
    float inverse = 1.0;
    if ((p.flags & NORM) != 0) {
        float sum = 0.0;
        for (uint i = LANE; i < TEAMS; i += LANES)
            sum += teamSquares[i];
        inverse = 1.0 / sqrt(teamAdd(sum) / float(COLS) + p.epsilon);
    }
    barrier();
    float least = 0.0;
    float most = 0.0;
    for (uint i = SELF; i < uint(ROWS * M2); i += ALL) {
        const uint column = firstRow * uint(M2) + i;
        if (column >= COLS)
            break;
        float value = joined(i) * inverse;
        if ((p.flags & COLUMN_SCALE) != 0)
            value *= p.columnScale.at[column];
        p.values.at[token * uint(p.stride) + column] = value;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    const vec2 own = vec2(teamMin(least), teamMax(most));
    if (LANE == 0u)
        teamExtremes[TEAM] = own;
    barrier();
    for (uint i = LANE; i < TEAMS; i += LANES) {
        least = min(least, teamExtremes[i].x);
        most = max(most, teamExtremes[i].y);
    }
    least = teamMin(least);
    most = teamMax(most);
    if (SELF == 0u) {
        const uint at = 2u * (token * gl_NumWorkGroups.x + gl_WorkGroupID.x);
        p.extremes.at[at] = least;
        p.extremes.at[at + 1u] = most;
    }
}
