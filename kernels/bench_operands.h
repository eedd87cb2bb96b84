// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the benchmarks of all backends time and how they check it.
#pragma once

#include "kernels/bench.h"
#include "kernels/host_linear.h"

#include <functional>
#include <span>
#include <vector>

namespace bwla {

[[nodiscard]] WeightKind benchKind(BenchFormat format);
/// Activation bits, 16 = float.
[[nodiscard]] int benchBits(BenchFormat format);

/// Random weights without low rank, and `columns` input rows.
struct BenchOperands {
    explicit BenchOperands(const BenchCase& what);
    HostLinear linear;
    std::vector<float> x;

    /// Bytes of the weights themselves.
    [[nodiscard]] std::int64_t weightBytes() const;
};

/// Product of some of the rows with x, by the authority.
using ExactProduct = std::function<std::vector<float>(const HostLinear& rows)>;

/// The first, middle and last rows of a product by the authority.
class ExpectedRows {
public:
    ExpectedRows(const BenchOperands& operands, const ExactProduct& exact);
    /// Whether these rows of `out` (columns x rows) are within `tolerance` of their largest value.
    [[nodiscard]] bool agree(std::span<const float> out, double tolerance = 1e-5) const;

private:
    struct Block {
        std::int64_t begin = 0;
        std::vector<float> values; ///< columns x count_
    };
    std::int64_t rows_, columns_, count_;
    std::vector<Block> blocks_;
};

/// us, medianUs and spread from the times of single products; a product with cold weights is
/// reported by its median, since a copy may have stayed in a cache that is larger than we think.
void summarize(std::vector<double> times, bool cold, BenchResult& result);

} // namespace bwla
