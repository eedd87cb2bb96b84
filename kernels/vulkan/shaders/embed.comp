#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of a table to float. KIND: 0 f32, 1 f16, 2 int8 with a scale a row. A table too large for
// one allocation comes in parts; a part writes the tokens that it holds.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 2) const int KIND = 0;

layout(push_constant, scalar) uniform Push {
    Words table;
    Floats scale; // [rows], KIND 2
    Ints tokens;
    Floats outputs;
    Run run;
    int firstRow; // of this part
    int rows;     // of this part
    int cols;
    int stride; // elements from row to row
}
p;

void main() {
    const uint column = gl_GlobalInvocationID.x;
    const uint token = gl_WorkGroupID.y;
    if (column >= uint(p.cols) || token >= uint(runRows(p.run)))
        return;
    const int row = p.tokens.at[token] - p.firstRow;
    if (row < 0 || row >= p.rows)
        return;
    const uint element = uint(row) * uint(p.stride) + column;
    float value;
    if (KIND == 0)
        value = uintBitsToFloat(p.table.at[element]);
    else if (KIND == 1)
        value = halfAt(p.table, element);
    else
        value = p.scale.at[row] * int8At(p.table.at[element >> 2], element & 3u);
    p.outputs.at[token * uint(p.cols) + column] = value;
}
