// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace bwla {

/// One head's keys or values as StoreKernel wrote them, position by position. Stored: float,
/// std::uint16_t (half) or std::int8_t. Always inlined: kernels of every level use it, and none may
/// leave a copy of it for the others.
template<class Stored>
struct CacheRows {
    static constexpr bool scaled = std::is_same_v<Stored, std::int8_t>;
    const void* data;
    std::int64_t headDim;

    [[nodiscard, gnu::always_inline]] inline const Stored* row(std::int64_t position) const {
        return reinterpret_cast<const Stored*>(bytesAt(position));
    }
    /// What the row's elements are to be multiplied by.
    [[nodiscard, gnu::always_inline]] inline float scale(std::int64_t position) const {
        if constexpr (scaled) {
            float value = 0;
            std::memcpy(&value, bytesAt(position) + headDim, sizeof value);
            return value;
        }
        return 1.0F;
    }

private:
    [[nodiscard, gnu::always_inline]] inline const std::byte* bytesAt(std::int64_t position) const {
        constexpr std::int64_t element = sizeof(Stored);
        constexpr std::int64_t extra = scaled ? sizeof(float) : 0;
        return static_cast<const std::byte*>(data) + position * (headDim * element + extra);
    }
};

} // namespace bwla
