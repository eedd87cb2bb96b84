// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/aligned.h"

#include "kernels/kernel_error.h"

#include <sys/mman.h>

#include <new>
#include <string>

namespace bwla {
namespace {

constexpr std::size_t largePage = std::size_t{2} << 20;

std::align_val_t alignmentFor(std::size_t bytes) {
    return std::align_val_t(bytes >= 2 * largePage ? largePage : kernelAlignment);
}

} // namespace

void* allocateAligned(std::size_t bytes) {
    void* memory =
        bytes > SIZE_MAX / 2 ? nullptr : ::operator new(bytes, alignmentFor(bytes), std::nothrow);
    if (memory == nullptr)
        throw KernelError(KernelErrorCode::outOfMemory, "host memory",
                          std::to_string(bytes / 1'000'000) + " MB could not be had");
    if (bytes >= 2 * largePage)
        madvise(memory, bytes, MADV_HUGEPAGE); // advice: a kernel without large pages may refuse
    return memory;
}

void freeAligned(void* memory, std::size_t bytes) {
    ::operator delete(memory, alignmentFor(bytes));
}

} // namespace bwla
