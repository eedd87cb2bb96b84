// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/aligned.h"

#include <cstddef>
#include <memory>

namespace bwla {

/// Memory for uploaded weights, handed out in order from slabs of large pages: matrices that are
/// uploaded one after another are also read one after another, so a product that asks ahead of its
/// end finds the next one. A slab lives until the last of its pieces is gone.
class WeightMemory {
public:
    struct Piece {
        std::byte* data = nullptr; ///< at kernelAlignment, zeros
        std::shared_ptr<void> slab;
    };
    /// Throws KernelError{outOfMemory}.
    [[nodiscard]] Piece take(std::size_t bytes);

private:
    std::shared_ptr<AlignedVector<std::byte>> slab_;
    std::size_t used_ = 0;
};

} // namespace bwla
