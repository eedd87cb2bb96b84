// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {

/// x'x (m, m) for x (k, m). Of four strips of columns only the products on and above the diagonal
/// are made: 5/8 of the work.
inline at::Tensor gram(const at::Tensor& x) {
    constexpr std::int64_t strips = 4;
    const std::int64_t m = x.size(1), strip = (m + strips - 1) / strips;
    at::Tensor result = at::empty({m, m}, x.options());
    for (std::int64_t first = 0; first < m; first += strip) {
        const std::int64_t width = std::min(strip, m - first), rest = m - first;
        const at::Tensor rows = at::matmul(x.narrow(1, first, width).t(), x.narrow(1, first, rest));
        result.narrow(0, first, width).narrow(1, first, rest).copy_(rows);
        result.narrow(0, first, rest).narrow(1, first, width).copy_(rows.t());
    }
    return result;
}

} // namespace bwla
