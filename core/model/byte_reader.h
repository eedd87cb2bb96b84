// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bwla {

/// Reads little-endian values one after the other and never past the end.
class ByteReader {
public:
    ByteReader(std::span<const std::byte> bytes, std::string file)
        : bytes_(bytes), file_(std::move(file)) {}

    /// Throws Error{truncated}.
    template<class T>
    [[nodiscard]] T read() {
        static_assert(std::is_arithmetic_v<T>);
        T value{};
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

    /// A 64-bit count of `what`, at most `limit`. Throws Error{truncated, tooLarge}.
    [[nodiscard]] std::int64_t count(const char* what, std::int64_t limit) {
        const std::int64_t start = position();
        const auto value = read<std::uint64_t>();
        if (value > static_cast<std::uint64_t>(limit))
            throw Error(ErrorCode::tooLarge)
                .in(file_)
                .at(start)
                .wanted(limit)
                .got(value > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(value))
                .because(what);
        return static_cast<std::int64_t>(value);
    }

    /// A 64-bit length and that many bytes; points into the file.
    [[nodiscard]] std::string_view text(const char* what, std::int64_t limit) {
        const auto bytes = take(static_cast<std::size_t>(count(what, limit)));
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    /// Throws Error{truncated} unless `bytes` more are there: asked before room is made for them.
    void expect(std::int64_t bytes) const {
        if (bytes > remaining())
            throw Error(ErrorCode::truncated)
                .in(file_)
                .at(position())
                .wanted(position() + bytes)
                .got(static_cast<std::int64_t>(bytes_.size()));
    }

    [[nodiscard]] std::int64_t position() const { return static_cast<std::int64_t>(at_); }
    [[nodiscard]] std::int64_t remaining() const {
        return static_cast<std::int64_t>(bytes_.size() - at_);
    }
    [[nodiscard]] const std::string& file() const { return file_; }

    [[noreturn]] void refuse(const std::string& complaint, std::int64_t at) const {
        throw Error(ErrorCode::corrupt).in(file_).at(at).because(complaint);
    }

private:
    std::span<const std::byte> take(std::size_t size) {
        expect(static_cast<std::int64_t>(size));
        const auto bytes = bytes_.subspan(at_, size);
        at_ += size;
        return bytes;
    }

    std::span<const std::byte> bytes_;
    std::string file_;
    std::size_t at_ = 0;
};

} // namespace bwla
