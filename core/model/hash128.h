// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bwla {

/// XXH3 with 128 bits (xxHash 0.8, seed 0), fed piece by piece.
class Hash128 {
public:
    Hash128();
    ~Hash128();
    Hash128(const Hash128&) = delete;
    Hash128& operator=(const Hash128&) = delete;

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
    /// 32 lower-case hexadecimal digits, as `xxhsum -H2` prints them.
    [[nodiscard]] std::string hex() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] std::string hash128(std::span<const std::byte> bytes);

} // namespace bwla
