// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/row_sweeps.h"

#include <optional>

namespace bwla {

/// gptqSigns() and flipSigns() by kernels of our own, where the operands are float32 on a GPU that
/// has them; nothing elsewhere, and where a row is too long for one.
[[nodiscard]] std::optional<Matrix> gptqSignsOnGpu(const Matrix& z, const Matrix& a,
                                                   const Matrix& b, const Matrix& u,
                                                   const std::vector<std::int64_t>& order);
[[nodiscard]] std::optional<FlippedSigns>
flipSignsOnGpu(const Matrix& signs, const Matrix& gradient, const Matrix& a, const Matrix& b,
               const Matrix& h, const std::vector<std::int64_t>& order, int sweeps);

} // namespace bwla
