// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/input_metric.h"

#include "core/quant/low_rank.h"
#include "core/quant/row_sweeps.h"

#include <ATen/ATen.h>

#include <numeric>

namespace bwla {

InputMetric::InputMetric(const Matrix& h) : h_(h), cholesky_(choleskyFactor(h)) {}

Matrix InputMetric::times(const Matrix& x) const {
    return isIdentity() ? x : Matrix(at::matmul(x.tensor(), h_.tensor()));
}

std::vector<std::int64_t> InputMetric::order(std::int64_t columns) const {
    if (!isIdentity())
        return columnOrder(h_);
    std::vector<std::int64_t> order(static_cast<std::size_t>(columns));
    std::iota(order.begin(), order.end(), 0);
    return order;
}

} // namespace bwla
