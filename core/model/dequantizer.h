// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/tensor_view.h"

#include <span>
#include <vector>

namespace bwla {

/// Values of a tensor in float32, row-major. F16 and BF16 are exact; q types as ggml defines them:
/// Q8_0 d q, Q4_0 d (q - 8), Q4_1 d q + m, with halves d, m and the products rounded to float32.
/// Throws Error{unsupportedType} for U32, which holds no numbers.
[[nodiscard]] std::vector<float> dequantize(const TensorView& tensor);

} // namespace bwla
