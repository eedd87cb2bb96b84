// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/kernel_error.h"

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace bwla {

/// A cache line and the widest register: every array a kernel reads starts at a multiple of this.
inline constexpr std::size_t kernelAlignment = 64;

/// Elements a row is padded to, with zeros, so that kernels need no tails on rows they own.
inline constexpr std::int64_t rowPadding = 64;

[[nodiscard]] constexpr std::int64_t roundUp(std::int64_t value, std::int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

[[nodiscard]] constexpr std::int64_t paddedCols(std::int64_t cols) {
    return roundUp(cols, rowPadding);
}

/// Allocates at kernelAlignment. Throws KernelError{outOfMemory}.
template<class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template<class U>
    AlignedAllocator(const AlignedAllocator<U>&) {} // NOLINT(google-explicit-constructor)
    T* allocate(std::size_t count) {
        void* memory = count > SIZE_MAX / sizeof(T)
                           ? nullptr
                           : ::operator new(count * sizeof(T), std::align_val_t(kernelAlignment),
                                            std::nothrow);
        if (memory == nullptr)
            throw KernelError(KernelErrorCode::outOfMemory, "host memory",
                              std::to_string(count) + " elements of " + std::to_string(sizeof(T)) +
                                  " bytes");
        return static_cast<T*>(memory);
    }
    void deallocate(T* memory, std::size_t) {
        ::operator delete(memory, std::align_val_t(kernelAlignment));
    }
    template<class U>
    bool operator==(const AlignedAllocator<U>&) const {
        return true;
    }
};

template<class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

} // namespace bwla
