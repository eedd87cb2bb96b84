// SPDX-License-Identifier: GPL-3.0-or-later
//
// The correctly rounded quotient that the activation quantizer is defined with. Vulkan lets a
// division be 2.5 units off and does not promise a fused multiply-add, but its sums and products
// round correctly: the residual a - c b is exact by Dekker's splitting (Numer. Math. 18, 1971), and
// what is left of it after one correction says whether the neighbour is nearer.

bool isFinite(float value) {
    return (floatBitsToUint(value) & 0x7f800000u) != 0x7f800000u;
}

void splitHalves(float value, out float high, out float low) {
    precise const float shifted = 4097.0 * value;
    precise const float rest = shifted - value;
    precise const float top = shifted - rest;
    precise const float bottom = value - top;
    high = top;
    low = bottom;
}

// a - c * b for c within a few units of a / b.
float residual(float a, float b, float c) {
    float ch, cl, bh, bl;
    splitHalves(c, ch, cl);
    splitHalves(b, bh, bl);
    precise const float product = c * b;
    precise const float e1 = ch * bh - product;
    precise const float e2 = e1 + ch * bl;
    precise const float e3 = e2 + cl * bh;
    precise const float error = e3 + cl * bl; // c * b == product + error
    precise const float main = a - product;
    precise const float result = main - error;
    return result;
}

// a / b rounded to nearest; as the device divides where splitting would leave the normal numbers.
float exactQuotient(float a, float b) {
    const float first = a / b;
    const float least = min(abs(a), abs(first));
    const float most = max(abs(first), abs(b));
    if (!isFinite(first) || least < 1e-25 || most > 1e30)
        return first;
    precise const float c = first + residual(a, b, first) / b;
    const float left = residual(a, b, c);
    const uint bits = floatBitsToUint(c);
    // c + left / b is the quotient: the neighbour on that side may be nearer to it.
    const bool outward = ((left < 0.0) != (b < 0.0)) == (c < 0.0);
    const float neighbour = uintBitsToFloat(outward ? bits + 1u : bits - 1u);
    const float other = residual(a, b, neighbour);
    return abs(other) < abs(left) ? neighbour : c;
}
