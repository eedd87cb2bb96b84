// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
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

/// Memory at kernelAlignment; arrays of megabytes at large pages, which spare a product that
/// streams through weights most of its page table walks. Throws KernelError{outOfMemory}.
[[nodiscard]] void* allocateAligned(std::size_t bytes);
void freeAligned(void* memory, std::size_t bytes);

template<class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template<class U>
    AlignedAllocator(const AlignedAllocator<U>&) {} // NOLINT(google-explicit-constructor)
    T* allocate(std::size_t count) {
        return static_cast<T*>(
            allocateAligned(count > SIZE_MAX / sizeof(T) ? SIZE_MAX : count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t count) { freeAligned(memory, count * sizeof(T)); }
    template<class U>
    bool operator==(const AlignedAllocator<U>&) const {
        return true;
    }
};

template<class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

} // namespace bwla
