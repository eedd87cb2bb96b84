// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/matrix.h"

#include <cstdint>
#include <vector>

namespace bwla {

/// The metric that a group's fit is made in: H (m, m), symmetric positive, with what is needed of
/// it more than once. Or the identity, the plain metric, which is not stored: with 25,600 inputs it
/// would be 2.6 GB and a product with it 7 TFLOP.
class InputMetric {
public:
    InputMetric() = default; ///< the identity
    /// Factorises; throws Error{numeric} where H is not positive.
    InputMetric(const Matrix& h); // NOLINT(google-explicit-constructor): H is the metric

    [[nodiscard]] bool isIdentity() const { return h_.empty(); }
    /// x H for x (k, m).
    [[nodiscard]] Matrix times(const Matrix& x) const;
    /// Columns by falling diagonal of H, `columns` of them.
    [[nodiscard]] std::vector<std::int64_t> order(std::int64_t columns) const;

    // Not of the identity:
    [[nodiscard]] const Matrix& h() const { return h_; }
    [[nodiscard]] const Matrix& cholesky() const { return cholesky_; } ///< C, H = C C', lower

private:
    Matrix h_, cholesky_;
};

} // namespace bwla
