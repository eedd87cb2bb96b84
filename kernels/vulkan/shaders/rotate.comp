#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// First half of preparing quantized rows: norm, rotation R1' X R2, column scale, and the extremes of
// what comes out.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int M1 = 1;
layout(constant_id = 3) const int M2 = 1;
layout(constant_id = 4) const int TURN_ROWS = 1;
layout(constant_id = 5) const int PARTS = 1; // invocations / M2, at least 1
layout(constant_id = 6) const bool NORM = false;

layout(push_constant, scalar) uniform Push {
    Floats x;
    Floats gain;
    Floats r1;
    Floats r2;
    Floats columnScale; // null = ones
    Floats values;      // rows of stride floats
    Floats extremes;    // per row and workgroup: least, greatest
    Words meta;         // rows of META_WORDS + rank; sums that the second half adds to become 0
    Run run;
    int stride;
    int rank;
    int scaled; // 1: there is a columnScale
    float epsilon;
}
p;

#define SELF gl_LocalInvocationID.x
#define ALL gl_WorkGroupSize.x
#define EPSILON p.epsilon
#include "rotation.glsl"

void main() {
    const uint token = gl_WorkGroupID.y;
    if (token >= uint(runRows(p.run)))
        return;
    if (gl_WorkGroupID.x == 0u)
        for (uint i = SELF; i <= uint(p.rank); i += ALL)
            p.meta.at[token * (META_WORDS + uint(p.rank)) + META_WORDS - 1u + i] = 0u;
    const uint firstRow = gl_WorkGroupID.x * uint(TURN_ROWS);
    const float inverse = turn(token * COLUMNS, firstRow);
    float least = 0.0;
    float most = 0.0;
    for (uint i = SELF; i < TURNED; i += ALL) {
        const uint column = firstRow * uint(M2) + i;
        if (column >= COLUMNS)
            break;
        float value = joined(i) * inverse;
        if (p.scaled != 0)
            value *= p.columnScale.at[column];
        p.values.at[token * uint(p.stride) + column] = value;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    shareExtremes(least, most);
    barrier();
    const vec2 extremes = joinedExtremes();
    if (SELF == 0u) {
        const uint at = 2u * (token * gl_NumWorkGroups.x + gl_WorkGroupID.x);
        p.extremes.at[at] = extremes.x;
        p.extremes.at[at + 1u] = extremes.y;
    }
}
