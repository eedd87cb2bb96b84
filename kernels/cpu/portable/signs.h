// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/kernel_types.h"

namespace bwla::portable {

extern const LinearKernel signsQuantized;
extern const LinearKernel signsFloat;

} // namespace bwla::portable
