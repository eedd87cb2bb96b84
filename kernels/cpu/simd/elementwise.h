// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/cpu/simd/rows.h"

namespace bwla::simd {

/// e^x within 2 units in the last place on [-87, 88], clamped to these bounds outside; NaN stays.
/// x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor polynomial of degree 7 whose first omitted term
/// is below 6e-9.
template<class V>
typename V::Reg exponential(typename V::Reg x) {
    x = V::min(V::set(88.0F), V::max(V::set(-87.0F), x));
    const auto n = V::round(x * V::set(1.44269504F));
    // ln 2 in two parts, the first with so few bits that n times it is exact.
    auto r = V::fma(n, V::set(-0.693359375F), x);
    r = V::fma(n, V::set(2.12194440e-4F), r);
    auto p = V::set(1.0F / 5040.0F);
    for (const float coefficient :
         {1.0F / 720.0F, 1.0F / 120.0F, 1.0F / 24.0F, 1.0F / 6.0F, 0.5F, 1.0F, 1.0F})
        p = V::fma(p, r, V::set(coefficient));
    return V::scale2(p, n);
}

template<class V>
void gate(const float* gate, const float* up, std::int64_t count, float* out) {
    forRegisters<V>(count, [&](std::int64_t, auto load, auto store) {
        const auto g = load(gate);
        const auto one = V::set(1.0F);
        store(out, g / (one + exponential<V>(V::zero() - g)) * load(up));
    });
}

template<class V>
void storeHalves(const float* values, std::int64_t count, void* out) {
    auto* halves = static_cast<std::uint16_t*>(out);
    std::int64_t j = 0;
    for (; j + V::width <= count; j += V::width)
        V::storeHalf(halves + j, V::load(values + j));
    if (j < count) {
        alignas(kernelAlignment) std::uint16_t rest[V::width];
        V::storeHalf(rest, V::load(values + j, static_cast<int>(count - j)));
        std::copy_n(rest, count - j, halves + j);
    }
}

/// Rows of a table are padded, so that whole registers may be read.
template<class V, class Stored>
void widen(const void* values, float scale, std::int64_t count, float* out) {
    const auto* stored = static_cast<const Stored*>(values);
    const auto factor = V::set(scale);
    std::int64_t j = 0;
    for (; j + V::width <= count; j += V::width)
        V::store(out + j, factor * V::load(stored + j));
    if (j < count)
        V::store(out + j, factor * V::load(stored + j), static_cast<int>(count - j));
}

} // namespace bwla::simd
