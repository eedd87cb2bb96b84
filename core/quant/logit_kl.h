// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

namespace bwla {

/// The last hidden rows (k, width) of a model, after its final norm, and its head (V, width).
struct HeadInput {
    at::Tensor rows;
    at::Tensor head;
};

struct LogitKl {
    at::Tensor sum;      ///< of KL(teacher | student) over the rows, a scalar on the device
    at::Tensor gradient; ///< d (sum / count) / d student.rows, of its type
};

/// KL divergence of next-token distributions at temperature 1, a chunk of rows at a time: logits of
/// all rows would be larger than the model. Nothing is recorded; heads do not train.
[[nodiscard]] LogitKl logitKl(const HeadInput& teacher, const HeadInput& student,
                              std::int64_t count);

} // namespace bwla
