// SPDX-License-Identifier: GPL-3.0-or-later
// The algorithms of cpu/simd, compiled for this level. Their order matters: no sorting here.
#pragma once

// clang-format off
#include "kernels/cpu/avx2/prelude.h"

#include "kernels/cpu/avx2/target_begin.h"

#include "kernels/cpu/avx2/floats.h"
#include "kernels/cpu/simd/attend.h"
#include "kernels/cpu/simd/dense.h"
#include "kernels/cpu/simd/elementwise.h"
#include "kernels/cpu/simd/finish.h"
#include "kernels/cpu/simd/rows.h"

#include "kernels/cpu/avx2/target_end.h"
// clang-format on
