#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Memory to memory: the roof that products are measured against. (A copy command of an H200's
// driver moves 0.85 TB/s where this moves what the memory can.)
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(push_constant, scalar) uniform Push {
    Quads from;
    Quads to;
    uint quads;
}
p;

void main() {
    const uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint i = gl_GlobalInvocationID.x; i < p.quads; i += step)
        p.to.at[i] = p.from.at[i];
}
