// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/aligned.h"
#include "kernels/kernel_types.h"

#include <cstddef>

namespace bwla {

/// The signs of a binary HostLinear in `layout`; rows and columns past the end are 0 bits.
[[nodiscard]] AlignedVector<std::byte> packSigns(const HostLinear& linear, Layout layout);

/// sum_j S_ij over the true columns, one a row.
[[nodiscard]] AlignedVector<std::int32_t> signSums(const HostLinear& linear);

} // namespace bwla
