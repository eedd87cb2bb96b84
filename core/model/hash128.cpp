// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/hash128.h"

#include <xxhash.h>

#include <array>
#include <cstdio>

namespace bwla {

struct Hash128::State {
    XXH3_state_t xxh;
};

Hash128::Hash128() : state_(std::make_unique<State>()) {
    XXH3_128bits_reset(&state_->xxh);
}

Hash128::~Hash128() = default;

void Hash128::add(std::span<const std::byte> bytes) {
    XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

std::string Hash128::hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx",
                  static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text.data();
}

std::string hash128(std::span<const std::byte> bytes) {
    Hash128 hash;
    hash.add(bytes);
    return hash.hex();
}

} // namespace bwla
