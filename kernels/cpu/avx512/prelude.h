// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of this level include before they open their target region.
#pragma once

#include "kernels/aligned.h"
#include "kernels/cache_rows.h"
#include "kernels/cpu/simd/scratch.h"
#include "kernels/cpu/simd/unroll.h"
#include "kernels/kernel_types.h"
#include "kernels/quantizer.h"
#include "kernels/reference/reference_kernels.h"
#include "kernels/registry.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>
