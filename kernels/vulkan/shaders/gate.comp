#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// out = silu(gate) * up; out may be gate or up.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(push_constant, scalar) uniform Push {
    Floats gate;
    Floats up;
    Floats outputs;
    Run run;
    int cols;
}
p;

void main() {
    const uint column = gl_GlobalInvocationID.x;
    const uint row = gl_WorkGroupID.y;
    if (column >= uint(p.cols) || row >= uint(runRows(p.run)))
        return;
    const uint at = row * uint(p.cols) + column;
    const float gate = p.gate.at[at];
    p.outputs.at[at] = gate / (1.0 + exp(-gate)) * p.up.at[at];
}
