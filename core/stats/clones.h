// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

/// Before a function with a plain loop: compiled for AVX-512, AVX2 and any x86-64, chosen when the
/// program starts. Clones need ifunc resolvers, which run before a sanitizer's own start-up.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BWLA_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define BWLA_CLONES
#endif
