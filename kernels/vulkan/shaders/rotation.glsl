// SPDX-License-Identifier: GPL-3.0-or-later
//
// Some rows of the rotation R1' X R2 by one workgroup. Row i needs column i of R1, all of X and all of
// R2: a workgroup makes TURN_ROWS of them, so that a single row of activations keeps M1 / TURN_ROWS
// workgroups busy (25600 columns rotate by 8.2 million multiply-adds, 300 us of one multiprocessor).
// The norm is a factor of the whole row and comes last; every workgroup adds up the squares anew while
// it reads X.
//
// Columns of a product go to neighbouring invocations; where there are more invocations than M2
// columns, PARTS of them share a column's sum. All that an invocation needs first of X, the gain, R1
// and R2 is requested before anything waits: a chain of loads is what such small sums take their time
// for. Needs team.glsl, the constants M1, M2, TURN_ROWS, PARTS, and of the shader's operands p.x,
// p.gain, p.r1, p.r2, NORM and EPSILON.

const uint COLUMNS = uint(M1 * M2);
const uint TURNED = uint(TURN_ROWS * M2); // of a workgroup
const uint ITEMS = uint(M2 * PARTS);
const int LEFT_SHARE = (M1 + PARTS - 1) / PARTS;
const int RIGHT_SHARE = (M2 + PARTS - 1) / PARTS;
// Loads on their way at once; batches have many workgroups to hide behind instead.
const int MOST_AT_ONCE = TURN_ROWS > 2 ? 8 : 28;
const int EVEN = MOST_AT_ONCE < 16 ? MOST_AT_ONCE : 16; // what longer shares are likely to divide by
const int LEFT_LONG = LEFT_SHARE % EVEN == 0 ? EVEN : MOST_AT_ONCE;
const int RIGHT_LONG = RIGHT_SHARE % EVEN == 0 ? EVEN : MOST_AT_ONCE;
const int LEFT_AT_ONCE = LEFT_SHARE <= MOST_AT_ONCE ? LEFT_SHARE : LEFT_LONG;
const int RIGHT_AT_ONCE = RIGHT_SHARE <= MOST_AT_ONCE ? RIGHT_SHARE : RIGHT_LONG;
// No bounds and no second requests where everything divides: less code to fetch.
const bool LEFT_WHOLE = M1 % PARTS + LEFT_SHARE % LEFT_AT_ONCE == 0;
const bool RIGHT_WHOLE = M2 % PARTS + RIGHT_SHARE % RIGHT_AT_ONCE == 0;
const bool ONCE = ITEMS <= gl_WorkGroupSize.x;

shared float left[M1 * TURN_ROWS]; // columns of R1
shared float turned[TURN_ROWS * M2];
shared float partials[PARTS * TURN_ROWS * M2];
shared float teamSquares[MOST_TEAMS];

float lines[LEFT_AT_ONCE]; // of X
float gains[LEFT_AT_ONCE];
float ahead[RIGHT_AT_ONCE]; // of R2

uint lineOf(uint k, uint end) {
    return LEFT_WHOLE ? k : min(k, end - 1u);
}

void requestLines(uint source, uint item, uint k, uint end) {
    [[unroll]] for (int i = 0; i < LEFT_AT_ONCE; ++i)
        lines[i] = p.x.at[source + lineOf(k + uint(i), end) * uint(M2) + item % uint(M2)];
}

void requestGains(uint item, uint k, uint end) {
    if (NORM)
        [[unroll]] for (int i = 0; i < LEFT_AT_ONCE; ++i)
            gains[i] = p.gain.at[lineOf(k + uint(i), end) * uint(M2) + item % uint(M2)];
}

void requestRight(uint item, uint k) {
    [[unroll]] for (int i = 0; i < RIGHT_AT_ONCE; ++i)
        ahead[i] = p.r2.at[(RIGHT_WHOLE ? k + uint(i) : min(k + uint(i), uint(M2) - 1u)) * uint(M2) +
                           item % uint(M2)];
}

uint leftBegin(uint item) {
    return item / uint(M2) * uint(LEFT_SHARE);
}
uint leftEnd(uint begin) {
    return LEFT_WHOLE ? begin + uint(LEFT_SHARE) : min(begin + uint(LEFT_SHARE), uint(M1));
}
uint rightBegin(uint item) {
    return item / uint(M2) * uint(RIGHT_SHARE);
}

void keep(uint item, float sums[TURN_ROWS]) {
    const uint part = item / uint(M2);
    [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
        partials[part * TURNED + uint(r * M2) + item % uint(M2)] = sums[r];
}

// Element i of the TURN_ROWS x M2 results.
float joined(uint i) {
    float sum = 0.0;
    for (uint part = 0u; part < uint(PARTS); ++part)
        sum += partials[part * TURNED + i];
    return sum;
}

// Rows of R1' X; returns the squares this invocation saw.
float turnLeft(uint source) {
    float squares = 0.0;
    for (uint item = SELF; item < ITEMS; item += ALL) {
        const uint begin = leftBegin(item);
        const uint end = leftEnd(begin);
        float sums[TURN_ROWS];
        [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
            sums[r] = 0.0;
        for (uint k = begin; k < end; k += uint(LEFT_AT_ONCE)) {
            if ((!ONCE && item != SELF) || (LEFT_SHARE > LEFT_AT_ONCE && k != begin)) {
                requestGains(item, k, end);
                requestLines(source, item, k, end);
            }
            [[unroll]] for (int i = 0; i < LEFT_AT_ONCE; ++i)
                if (LEFT_WHOLE || k + uint(i) < end) {
                    squares += lines[i] * lines[i];
                    const float scaled = NORM ? lines[i] * gains[i] : lines[i];
                    [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
                        sums[r] += left[(k + uint(i)) * uint(TURN_ROWS) + uint(r)] * scaled;
                }
        }
        keep(item, sums);
    }
    return squares;
}

// (R1' X) R2
void turnRight() {
    for (uint item = SELF; item < ITEMS; item += ALL) {
        const uint begin = rightBegin(item);
        const uint end = RIGHT_WHOLE ? begin + uint(RIGHT_SHARE) : min(begin + uint(RIGHT_SHARE), uint(M2));
        float sums[TURN_ROWS];
        [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
            sums[r] = 0.0;
        for (uint k = begin; k < end; k += uint(RIGHT_AT_ONCE)) {
            if ((!ONCE && item != SELF) || (RIGHT_SHARE > RIGHT_AT_ONCE && k != begin))
                requestRight(item, k);
            [[unroll]] for (int i = 0; i < RIGHT_AT_ONCE; ++i)
                if (RIGHT_WHOLE || k + uint(i) < end)
                    [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
                        sums[r] += turned[uint(r * M2) + k + uint(i)] * ahead[i];
        }
        keep(item, sums);
    }
}

// Least and greatest of what the workgroup's invocations bring, for the first of them; at most and at
// least 0. The barrier is the caller's: between these two.
shared vec2 teamExtremes[MOST_TEAMS];
void shareExtremes(float least, float most) {
    const vec2 own = vec2(teamMin(least), teamMax(most));
    if (LANE == 0u)
        teamExtremes[TEAM] = own;
}
vec2 joinedExtremes() {
    vec2 both = vec2(0.0);
    for (uint i = LANE; i < TEAMS; i += LANES)
        both = vec2(min(both.x, teamExtremes[i].x), max(both.y, teamExtremes[i].y));
    return vec2(teamMin(both.x), teamMax(both.y));
}

// Leaves the workgroup's rows from firstRow on in joined(0 .. TURNED - 1); returns the norm, a factor
// that they still have to be multiplied with.
float turn(uint source, uint firstRow) {
    const uint item = min(SELF, ITEMS - 1u);
    const uint begin = LEFT_WHOLE ? leftBegin(item) : min(leftBegin(item), uint(M1) - 1u);
    const uint end = leftEnd(begin);
    requestRight(item, rightBegin(item));
    requestGains(item, begin, end);
    for (uint i = SELF; i < uint(M1 * TURN_ROWS); i += ALL)
        left[i] = p.r1.at[i / uint(TURN_ROWS) * uint(M1) +
                          min(firstRow + i % uint(TURN_ROWS), uint(M1) - 1u)];
    requestLines(source, item, begin, end);
    barrier();
    const float squares = turnLeft(source);
    if (NORM) {
        const float sum = teamAdd(squares);
        if (LANE == 0u)
            teamSquares[TEAM] = sum;
    }
    barrier();
    for (uint i = SELF; i < TURNED; i += ALL)
        turned[i] = joined(i);
    barrier();
    turnRight();
    float inverse = 1.0;
    if (NORM) {
        float sum = 0.0;
        for (uint i = LANE; i < TEAMS; i += LANES)
            sum += teamSquares[i];
        inverse = 1.0 / sqrt(teamAdd(sum) / float(COLUMNS) + EPSILON);
    }
    barrier();
    return inverse;
}
