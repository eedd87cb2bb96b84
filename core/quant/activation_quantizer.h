// SPDX-License-Identifier: GPL-3.0-or-later
//
// The A6 quantizer of HostInput on libtorch tensors, and the search for its clip.
#pragma once

#include "core/quant/matrix.h"

#include <array>

namespace bwla {

/// Factors of a range's two ends that are tried.
inline constexpr std::array<double, 4> clipChoices{1.0, 0.95, 0.9, 0.85};

/// Rows x (k, m) replaced by s (q - z) per row; bits 2..8, clip scales both ends of the range.
[[nodiscard]] Matrix quantizeRows(const Matrix& x, int bits, double clip);

/// The one of clipChoices with the least output error |(Q(x) - x) W'|^2 on rows x (k, m)
/// for weights w (n, m).
[[nodiscard]] double bestClip(const Matrix& x, const Matrix& w, int bits);

} // namespace bwla
