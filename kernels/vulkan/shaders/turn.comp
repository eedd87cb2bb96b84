#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// First half of a decode step's product: norm and rotation of one row (lean_rotation.glsl).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const int M1 = 4;
layout(constant_id = 3) const int M2 = 4;
layout(constant_id = 4) const int TURN_ROWS = 1;
layout(constant_id = 5) const int LEFT_PARTS = 1;
layout(constant_id = 6) const int RIGHT_PARTS = 1;
layout(constant_id = 7) const int RIGHT_AHEAD = 1;
layout(constant_id = 8) const bool NORM = false;

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Fours {
    vec4 at[];
};
layout(push_constant, scalar) uniform Push {
    Fours x;
    Fours gain;
    Floats r1;
    Fours r2;
    Floats columnScale;
    Floats values;
    Words sums; // of the product behind it, to become 0
    int sumCount;
    float epsilon;
    int modes; // bits | 256 where there is a columnScale
}
p;
#define BOARD_QUADS 0u
#define AWAIT_X // a barrier came before
#include "lean_rotation.glsl"

void main() {
    if (gl_WorkGroupID.x == 0u && gl_LocalInvocationID.x < uint(p.sumCount))
        p.sums.at[gl_LocalInvocationID.x] = 0u;
    turn(gl_WorkGroupID.x * uint(TURN_ROWS));
}
