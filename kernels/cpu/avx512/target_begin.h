// SPDX-License-Identifier: GPL-3.0-or-later
//
// Everything between target_begin.h and target_end.h is compiled for this level; open the region
// after all other headers, so that no function of the standard library falls into it (a linker may
// take that copy for the whole program). No include guard: a file may open it more than once.
// clang-format off
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")
#endif
// clang-format on
