// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/aligned.h"

namespace bwla::simd {

/// At least `count` elements of a thread's own work memory. Outside every target region, like all
/// code that instantiates the standard library. Throws KernelError{outOfMemory}.
template<class T>
T* reserve(AlignedVector<T>& scratch, std::int64_t count) {
    if (scratch.size() < static_cast<std::size_t>(count))
        scratch.resize(static_cast<std::size_t>(count));
    return scratch.data();
}

} // namespace bwla::simd
