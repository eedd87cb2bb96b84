// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/byte_reader.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bwla {

/// The key-value pairs at the head of a GGUF file, typed. Texts point into the mapped file.
/// Look-ups give nothing for a missing key and throw Error{corrupt} naming a key whose value is of
/// another kind. Integers of every width are one kind, floats another.
class GgufMetadata {
public:
    GgufMetadata() = default;
    /// Reads `count` pairs. Throws Error{truncated, tooLarge, corrupt}.
    GgufMetadata(ByteReader& reader, std::int64_t count);

    [[nodiscard]] bool has(const std::string& key) const { return values_.contains(key); }
    [[nodiscard]] std::optional<bool> boolean(const std::string& key) const;
    [[nodiscard]] std::optional<std::int64_t> integer(const std::string& key) const;
    /// A float, or an integer as one.
    [[nodiscard]] std::optional<double> number(const std::string& key) const;
    [[nodiscard]] std::optional<std::string> text(const std::string& key) const;
    /// Lists are empty where the key is missing.
    [[nodiscard]] const std::vector<std::string_view>& texts(const std::string& key) const;
    [[nodiscard]] const std::vector<std::int64_t>& integers(const std::string& key) const;

private:
    using Value =
        std::variant<bool, std::int64_t, double, std::string_view, std::vector<bool>,
                     std::vector<std::int64_t>, std::vector<double>, std::vector<std::string_view>>;

    static Value readValue(ByteReader& reader, std::uint32_t type);
    static Value readArray(ByteReader& reader);
    template<class T>
    [[nodiscard]] const T* get(const std::string& key, const char* kind) const;

    std::map<std::string, Value> values_;
    std::string file_;
};

} // namespace bwla
