// SPDX-License-Identifier: GPL-3.0-or-later
//
// x'y of bfloat16 rows with sums in float32, on processors that multiply pairs of them (AVX-512
// BF16). libtorch's bfloat16 product rounds its result to 8 bits, which a matrix of second moments
// does not survive: its largest entries are thousands of times the smallest eigenvalue.
#pragma once

#include <cstdint>

namespace bwla {

[[nodiscard]] bool hasBf16Cross();

/// Columns of one kind of operand, `rows` of them, each `cols` bfloat16, one after another.
struct Bf16Rows {
    const std::uint16_t* values = nullptr;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
};

/// sum (x.cols, y.cols) += x'y; both have as many rows. Runs on libtorch's threads; every element
/// is added up in the same order whatever their number. Only where hasBf16Cross().
void addBf16Cross(const Bf16Rows& x, const Bf16Rows& y, float* sum);

/// sum (x.cols, x.cols) += x'x on and above the diagonal; what is below it is undefined.
void addBf16Gram(const Bf16Rows& x, float* sum);

} // namespace bwla
