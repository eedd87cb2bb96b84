// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

/// Before a short loop over an array of registers: unrolled in any case and first of all, so that
/// the array becomes registers. Without it GCC 12 stores all 24 sums of a tile in every step, which
/// makes the tile product five times slower.
#if defined(__clang__)
#define BWLA_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BWLA_UNROLL _Pragma("GCC unroll 16")
#endif
