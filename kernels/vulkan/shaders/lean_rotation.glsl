// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two rows of the rotation R1' X R2 of one row of activations, as rotation.glsl, in little code that is
// the same for all sizes (steady_product.comp says why). An invocation has four neighbouring columns,
// leftParts and rightParts invocations share a column's sum, joiners of them add up what those have,
// and everything divides. Results are written in the order of levels.glsl. Needs team.glsl, M1, M2,
// LEFT_PARTS, RIGHT_PARTS, JOINERS_LOG, NORM, HAS_SCALE, QUADS_MAGIC, board[] for partial sums, AWAIT_X,
// COLUMN_SCALE, and of the shader's operands p.x, p.gain, p.r1, p.r2, p.values and p.epsilon.

const uint TURN_ROWS = 2u;
const uint WINDOW = 4u; // rows of X, of the gain and of R2 that an invocation has on their way
const uint MOST_FACTOR = 255u;

shared float left[TURN_ROWS * MOST_FACTOR]; // columns of R1
shared float turned[TURN_ROWS * MOST_FACTOR];
shared float teamFloats[128];

// Element i of the results, to all of its joiners.
float joined(uint i, uint parts) {
    const uint joiners = 1u << JOINERS_LOG;
    float sum = 0.0;
    [[dont_unroll]] for (uint part = gl_LocalInvocationID.x & joiners - 1u; part < parts; part += joiners)
        sum += uintBitsToFloat(board[part * (M2 / 2u) + i / 4u][i % 4u]);
    [[dont_unroll]] for (uint other = joiners / 2u; other > 0u; other /= 2u)
        sum += subgroupShuffleXor(sum, other);
    return sum;
}

void keep(uint part, uint quad, vec4 sums[TURN_ROWS]) {
    [[unroll]] for (uint r = 0u; r < TURN_ROWS; ++r)
        board[(part * TURN_ROWS + r) * (M2 / 4u) + quad] = floatBitsToUint(sums[r]);
}

// Of X, the gain and R2: the first is next, the others move up.
vec4 lines[WINDOW];
vec4 gains[WINDOW];
vec4 right[WINDOW];

// The workgroup's rows from firstRow on; returns the value this invocation has made, or 0.
float turn(uint firstRow) {
    const uint self = gl_LocalInvocationID.x;
    const uint quads = M2 / 4u;
    const uint part = self * QUADS_MAGIC >> 16; // self / quads
    const uint quad = self - part * quads;
    const uint leftItems = quads * LEFT_PARTS;
    const uint rightItems = quads * RIGHT_PARTS;
    // Rows of X and of R2 that this invocation has; none past the items.
    const uint leftEnd = part < LEFT_PARTS ? M1 : 0u;
    const uint rightEnd = part < RIGHT_PARTS ? M2 : 0u;
    if (NORM)
        [[unroll]] for (uint i = 0u; i < WINDOW; ++i)
            if (part + i * LEFT_PARTS < leftEnd)
                gains[i] = p.gain.at[self + i * leftItems];
    for (uint i = self; i < TURN_ROWS * M1; i += gl_WorkGroupSize.x)
        left[i] = p.r1.at[i / TURN_ROWS * M1 + min(firstRow + i % TURN_ROWS, M1 - 1u)];
    [[unroll]] for (uint i = 0u; i < WINDOW; ++i)
        if (part + i * RIGHT_PARTS < rightEnd)
            right[i] = p.r2.at[self + i * rightItems];
    AWAIT_X
    [[unroll]] for (uint i = 0u; i < WINDOW; ++i)
        if (part + i * LEFT_PARTS < leftEnd)
            lines[i] = p.x.at[self + i * leftItems];
    barrier();
    float squares = 0.0;
    vec4 sums[TURN_ROWS];
    sums[0] = sums[1] = vec4(0.0);
    uint at = self + WINDOW * leftItems;
    [[dont_unroll]] for (uint k = part; k < leftEnd; k += LEFT_PARTS) {
        vec4 line = lines[0];
        if (NORM) {
            squares += dot(line, line);
            line *= gains[0];
        }
        [[unroll]] for (uint r = 0u; r < TURN_ROWS; ++r)
            sums[r] += left[k * TURN_ROWS + r] * line;
        [[unroll]] for (uint i = 1u; i < WINDOW; ++i) {
            lines[i - 1u] = lines[i];
            gains[i - 1u] = gains[i];
        }
        if (k + WINDOW * LEFT_PARTS < leftEnd) {
            lines[WINDOW - 1u] = p.x.at[at];
            if (NORM)
                gains[WINDOW - 1u] = p.gain.at[at];
        }
        at += leftItems;
    }
    if (leftEnd > 0u)
        keep(part, quad, sums);
    if (NORM) {
        squares = teamAdd(squares);
        if (LANE == 0u)
            teamFloats[TEAM] = squares;
    }
    barrier();
    const uint own = self >> JOINERS_LOG;
    if (own < TURN_ROWS * M2) {
        const float sum = joined(own, LEFT_PARTS);
        if ((self & (1u << JOINERS_LOG) - 1u) == 0u)
            turned[own] = sum;
    }
    float inverse = 1.0;
    if (NORM) {
        squares = 0.0;
        for (uint i = LANE; i < TEAMS; i += LANES)
            squares += teamFloats[i];
        inverse = 1.0 / sqrt(teamAdd(squares) / float(M1 * M2) + p.epsilon);
    }
    barrier();
    sums[0] = sums[1] = vec4(0.0);
    at = self + WINDOW * rightItems;
    [[dont_unroll]] for (uint k = part; k < rightEnd; k += RIGHT_PARTS) {
        [[unroll]] for (uint r = 0u; r < TURN_ROWS; ++r)
            sums[r] += turned[r * M2 + k] * right[0];
        [[unroll]] for (uint i = 1u; i < WINDOW; ++i)
            right[i - 1u] = right[i];
        if (k + WINDOW * RIGHT_PARTS < rightEnd)
            right[WINDOW - 1u] = p.r2.at[at];
        at += rightItems;
    }
    if (rightEnd > 0u)
        keep(part, quad, sums);
    barrier();
    const uint column = firstRow * M2 + own;
    float value = 0.0;
    if (own < TURN_ROWS * M2 && column < M1 * M2) {
        value = joined(own, RIGHT_PARTS) * inverse;
        if (HAS_SCALE)
            value *= COLUMN_SCALE.at[column];
        if ((self & (1u << JOINERS_LOG) - 1u) == 0u)
            p.values.at[column / 32u * 32u + column % 8u * 4u + column % 32u / 8u] = value;
    }
    return value;
}
