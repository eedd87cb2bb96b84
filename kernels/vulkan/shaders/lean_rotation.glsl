// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of the rotation R1' X R2 of one row of activations, as rotation.glsl, in little code: the
// dispatches of a decode step last a few microseconds and fetch their instructions while they run.
// An invocation has four neighbouring columns, LEFT_PARTS and RIGHT_PARTS invocations share a
// column's sum, and everything divides. Results are written in the order of levels.glsl. Needs
// team.glsl, the constants M1, M2, TURN_ROWS, LEFT_PARTS, RIGHT_PARTS, RIGHT_AHEAD and NORM, BOARD_QUADS, AWAIT_X, which may wait for X, and of the shader's operands p.x, p.gain, p.r1, p.r2, p.columnScale, p.values and p.epsilon.

const uint COLUMNS = uint(M1 * M2);
const uint TURNERS = uint((M1 + TURN_ROWS - 1) / TURN_ROWS); // workgroups
const uint TURNED = uint(TURN_ROWS * M2);                    // of a workgroup
const uint QUADS = uint(M2 / 4);
const uint LEFT_ITEMS = QUADS * uint(LEFT_PARTS);
const uint RIGHT_ITEMS = QUADS * uint(RIGHT_PARTS);
const int LEFT_SHARE = M1 / LEFT_PARTS;
const int RIGHT_SHARE = M2 / RIGHT_PARTS;
const int MOST_PARTS = LEFT_PARTS > RIGHT_PARTS ? LEFT_PARTS : RIGHT_PARTS;

shared float left[M1 * TURN_ROWS]; // columns of R1
shared float turned[TURN_ROWS * M2];
// Partial sums as bits, in BOARD_QUADS at least, which are free again once the rotation is made.
const uint PARTIALS = uint(MOST_PARTS * TURN_ROWS * (M2 / 4));
shared uvec4 board[BOARD_QUADS > PARTIALS ? BOARD_QUADS : PARTIALS];
shared float teamSquares[128];

// Element i of the TURN_ROWS x M2 results.
float joined(uint i, int parts) {
    float sum = 0.0;
    for (uint part = 0u; part < uint(parts); ++part)
        sum += uintBitsToFloat(board[part * (TURNED / 4u) + i / 4u][i % 4u]);
    return sum;
}

void keep(uint self, vec4 sums[TURN_ROWS]) {
    [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
        board[(self / QUADS * uint(TURN_ROWS) + r) * QUADS + self % QUADS] = floatBitsToUint(sums[r]);
}

void clear(out vec4 sums[TURN_ROWS]) {
    [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
        sums[r] = vec4(0.0);
}

// The workgroup's rows from firstRow on.
void turn(uint firstRow) {
    const uint self = gl_LocalInvocationID.x;
    vec4 lines[LEFT_SHARE];
    vec4 gains[NORM ? LEFT_SHARE : 1];
    vec4 right[RIGHT_SHARE];
    if (NORM && self < LEFT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
            gains[i] = p.gain.at[self + i * LEFT_ITEMS];
    for (uint i = self; i < uint(M1 * TURN_ROWS); i += gl_WorkGroupSize.x)
        left[i] = p.r1.at[i / uint(TURN_ROWS) * uint(M1) +
                          min(firstRow + i % uint(TURN_ROWS), uint(M1) - 1u)];
    if (self < RIGHT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(RIGHT_AHEAD); ++i)
            right[i] = p.r2.at[self + i * RIGHT_ITEMS];
    AWAIT_X
    if (self < LEFT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
            lines[i] = p.x.at[self + i * LEFT_ITEMS];
    barrier();
    float squares = 0.0;
    vec4 sums[TURN_ROWS];
    clear(sums);
    if (self < LEFT_ITEMS) {
        [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i) {
            const uint k = self / QUADS + i * uint(LEFT_PARTS);
            vec4 line = lines[i];
            if (NORM) {
                squares += dot(line, line);
                line *= gains[i];
            }
            [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
                sums[r] += left[k * uint(TURN_ROWS) + r] * line;
        }
        keep(self, sums);
    }
    if (self < RIGHT_ITEMS)
        [[unroll]] for (uint i = uint(RIGHT_AHEAD); i < uint(RIGHT_SHARE); ++i)
            right[i] = p.r2.at[self + i * RIGHT_ITEMS];
    if (NORM) {
        squares = teamAdd(squares);
        if (LANE == 0u)
            teamSquares[TEAM] = squares;
    }
    barrier();
    if (self < TURNED)
        turned[self] = joined(self, LEFT_PARTS);
    barrier();
    if (self < RIGHT_ITEMS) {
        clear(sums);
        [[unroll]] for (uint i = 0u; i < uint(RIGHT_SHARE); ++i) {
            const uint k = self / QUADS + i * uint(RIGHT_PARTS);
            [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
                sums[r] += turned[r * uint(M2) + k] * right[i];
        }
        keep(self, sums);
    }
    float inverse = 1.0;
    if (NORM) {
        squares = 0.0;
        for (uint i = LANE; i < TEAMS; i += LANES)
            squares += teamSquares[i];
        squares = teamAdd(squares);
        inverse = 1.0 / sqrt(squares / float(COLUMNS) + p.epsilon);
    }
    barrier();
    const uint column = firstRow * uint(M2) + self;
    if (self < TURNED && column < COLUMNS) {
        float value = joined(self, RIGHT_PARTS) * inverse;
        if ((p.modes & 256) != 0)
            value *= p.columnScale.at[column];
        p.values.at[column / 32u * 32u + column % 8u * 4u + column % 32u / 8u] = value;
    }
}
