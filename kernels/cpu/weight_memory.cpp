// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/weight_memory.h"

namespace bwla {
namespace {

constexpr std::size_t slabBytes = std::size_t{16} << 20;
constexpr std::size_t ownSlabFrom = slabBytes / 4; // leaves at most a quarter of a slab unused

} // namespace

WeightMemory::Piece WeightMemory::take(std::size_t bytes) {
    bytes = (bytes + kernelAlignment - 1) / kernelAlignment * kernelAlignment;
    if (bytes >= ownSlabFrom) {
        auto own = std::make_shared<AlignedVector<std::byte>>(bytes);
        return {own->data(), own};
    }
    if (!slab_ || used_ + bytes > slabBytes) {
        slab_ = std::make_shared<AlignedVector<std::byte>>(slabBytes);
        used_ = 0;
    }
    std::byte* data = slab_->data() + used_;
    used_ += bytes;
    return {data, slab_};
}

} // namespace bwla
