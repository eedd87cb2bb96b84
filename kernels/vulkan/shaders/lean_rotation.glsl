// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of the rotation R1' X R2 of one row of activations, as rotation.glsl, in little code
// (steady_product.comp says why). An invocation has four neighbouring columns, LEFT_PARTS and
// RIGHT_PARTS invocations share a column's sum, JOINERS of them add up what those have, and everything
// divides. Results are written in the order of levels.glsl. Needs team.glsl, the constants M1, M2,
// TURN_ROWS, LEFT_PARTS, RIGHT_PARTS, RIGHT_AHEAD, JOINERS and NORM, board[] of at least PARTIALS
// elements, AWAIT_X, and of the shader's operands p.x, p.gain, p.r1, p.r2, p.columnScale, p.values and
// p.epsilon.

const uint COLUMNS = uint(M1 * M2);
const uint TURNERS = uint((M1 + TURN_ROWS - 1) / TURN_ROWS); // workgroups
const uint TURNED = uint(TURN_ROWS * M2);                    // of a workgroup
const uint QUADS = uint(M2 / 4);
const uint LEFT_ITEMS = QUADS * uint(LEFT_PARTS);
const uint RIGHT_ITEMS = QUADS * uint(RIGHT_PARTS);
const int LEFT_SHARE = M1 / LEFT_PARTS;
const int RIGHT_SHARE = M2 / RIGHT_PARTS;

shared float left[M1 * TURN_ROWS]; // columns of R1
shared float turned[TURN_ROWS * M2];
shared float teamFloats[128];

// Element i of the TURN_ROWS x M2 results, to all of its JOINERS.
float joined(uint i, int parts) {
    float sum = 0.0;
    for (uint part = gl_LocalInvocationID.x % uint(JOINERS); part < uint(parts); part += uint(JOINERS))
        sum += uintBitsToFloat(board[part * (TURNED / 4u) + i / 4u][i % 4u]);
    [[unroll]] for (uint other = uint(JOINERS) / 2u; other > 0u; other /= 2u)
        sum += subgroupShuffleXor(sum, other);
    return sum;
}

void keep(vec4 sums[TURN_ROWS]) {
    const uint self = gl_LocalInvocationID.x;
    [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
        board[(self / QUADS * uint(TURN_ROWS) + r) * QUADS + self % QUADS] = floatBitsToUint(sums[r]);
}

void clear(out vec4 sums[TURN_ROWS]) {
    [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
        sums[r] = vec4(0.0);
}

const uint COLUMN_SHARE = (uint(M1 * TURN_ROWS) + gl_WorkGroupSize.x - 1u) / gl_WorkGroupSize.x;
vec4 gains[NORM ? LEFT_SHARE : 1];
vec4 right[RIGHT_SHARE];
float column[COLUMN_SHARE]; // of R1
float ownScale;

uint ownColumn(uint firstRow) {
    return firstRow * uint(M2) + gl_LocalInvocationID.x / uint(JOINERS);
}
bool hasColumn(uint firstRow) {
    return gl_LocalInvocationID.x / uint(JOINERS) < TURNED && ownColumn(firstRow) < COLUMNS;
}

void requestTurn(uint firstRow) {
    const uint self = gl_LocalInvocationID.x;
    REQUEST_AWAITED
    if (NORM && self < LEFT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
            gains[i] = p.gain.at[self + i * LEFT_ITEMS];
    [[unroll]] for (uint k = 0u; k < COLUMN_SHARE; ++k) {
        const uint i = min(self + k * gl_WorkGroupSize.x, uint(M1 * TURN_ROWS) - 1u);
        column[k] = p.r1.at[i / uint(TURN_ROWS) * uint(M1) +
                            min(firstRow + i % uint(TURN_ROWS), uint(M1) - 1u)];
    }
    if (self < RIGHT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(RIGHT_AHEAD); ++i)
            right[i] = p.r2.at[self + i * RIGHT_ITEMS];
    ownScale = 1.0;
    if (ON(1) && (p.modes & 256) != 0 && hasColumn(firstRow))
        ownScale = p.columnScale.at[ownColumn(firstRow)];
}

bool flagged(vec4 four) {
    const uvec4 bits = floatBitsToUint(four);
    return (bits.x & bits.y & bits.z & bits.w & 1u) != 0u;
}
bool lacksLine(uint at, out vec4 line) {
    line = FreshFours(p.x).at[at];
    return !flagged(line);
}
bool lacksLines(uint self, inout vec4 lines[LEFT_SHARE]) {
    bool lacks = false;
    [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
        if (!flagged(lines[i])) {
            lacks = true;
            lines[i] = FreshFours(p.x).at[self + i * LEFT_ITEMS];
        }
    return lacks;
}

// The workgroup's rows from firstRow on; returns the value this invocation wrote, or 0.
float turn(uint firstRow) {
    const uint self = gl_LocalInvocationID.x;
    vec4 lines[LEFT_SHARE];
    [[unroll]] for (uint k = 0u; k < COLUMN_SHARE; ++k)
        if (self + k * gl_WorkGroupSize.x < uint(M1 * TURN_ROWS))
            left[self + k * gl_WorkGroupSize.x] = column[k];
    if (ON(131072)) { // one of a subgroup looks; then everybody at its own
        if (LANE == 0u && self < LEFT_ITEMS) {
            SPIN(lacksLine(self, lines[0]))
        }
        subgroupBarrier();
        PLACE(3)
        if (self < LEFT_ITEMS) {
            [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
                lines[i] = FreshFours(p.x).at[self + i * LEFT_ITEMS];
            SPIN(lacksLines(self, lines))
        }
    } else {
        AWAIT_X
        PLACE(3)
        if (self < LEFT_ITEMS)
            [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
                lines[i] = p.x.at[self + i * LEFT_ITEMS];
    }
    barrier();
    float squares = 0.0;
    vec4 sums[TURN_ROWS];
    if (self < LEFT_ITEMS) {
        clear(sums);
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
        keep(sums);
    }
    if (self < RIGHT_ITEMS)
        [[unroll]] for (uint i = uint(RIGHT_AHEAD); i < uint(RIGHT_SHARE); ++i)
            right[i] = p.r2.at[self + i * RIGHT_ITEMS];
    if (NORM) {
        squares = teamAdd(squares);
        if (LANE == 0u)
            teamFloats[TEAM] = squares;
    }
    barrier();
    PLACE(4)
    const uint own = self / uint(JOINERS);
    if (own < TURNED) {
        const float sum = joined(own, LEFT_PARTS);
        if (self % uint(JOINERS) == 0u)
            turned[own] = sum;
    }
    float inverse = 1.0;
    if (NORM) {
        squares = 0.0;
        for (uint i = LANE; i < TEAMS; i += LANES)
            squares += teamFloats[i];
        inverse = 1.0 / sqrt(teamAdd(squares) / float(COLUMNS) + p.epsilon);
    }
    barrier();
    if (self < RIGHT_ITEMS) {
        clear(sums);
        [[unroll]] for (uint i = 0u; i < uint(RIGHT_SHARE); ++i) {
            const uint k = self / QUADS + i * uint(RIGHT_PARTS);
            [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
                sums[r] += turned[r * uint(M2) + k] * right[i];
        }
        keep(sums);
    }
    barrier();
    const uint at = ownColumn(firstRow);
    float value = 0.0;
    if (hasColumn(firstRow)) {
        value = joined(own, RIGHT_PARTS) * inverse;
        if (ON(1))
            value *= ownScale;
        else if ((p.modes & 256) != 0)
            value *= p.columnScale.at[at];
        if (ON(1024)) // not zero: there
            value = uintBitsToFloat(floatBitsToUint(value) | 1u);
        if (self % uint(JOINERS) == 0u)
            p.values.at[at / 32u * 32u + at % 8u * 4u + at % 32u / 8u] = value;
    }
    PLACE(5)
    return value;
}
