// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bwla {

using Json = nlohmann::json; ///< objects keep their keys sorted

/// Parses UTF-8 JSON that starts at byte `offset` of `file`; a key given twice in one object is an
/// error, because readers disagree about which one counts. Throws Error{corrupt} with the byte.
[[nodiscard]] Json parseJson(std::string_view text, const std::filesystem::path& file,
                             std::int64_t offset = 0);

/// The whole file. Throws Error{notFound, corrupt}.
[[nodiscard]] Json readJson(const std::filesystem::path& file);

/// Whether a text can stand in JSON: whole characters of RFC 3629 only.
[[nodiscard]] bool isUtf8(std::string_view text);

/// JSON text with sorted keys, two spaces a level, and a final newline.
[[nodiscard]] std::string prettyJson(const Json& json);

/// Members of an object read from a file. All throw Error{corrupt} naming the key where the value
/// is of another kind; a member that is absent or null counts as missing.
class JsonObject {
public:
    /// `json` must outlive this view and may be of any kind: without members if not an object.
    JsonObject(const Json& json, std::filesystem::path file)
        : json_(json), file_(std::move(file)) {}

    [[nodiscard]] const Json* find(const char* key) const; ///< null where missing
    [[nodiscard]] std::optional<std::int64_t> integer(const char* key) const;
    [[nodiscard]] std::optional<double> number(const char* key) const;
    [[nodiscard]] std::optional<bool> boolean(const char* key) const;
    [[nodiscard]] std::optional<std::string> text(const char* key) const;
    /// Also throws where the member is missing.
    [[nodiscard]] std::int64_t requiredInteger(const char* key) const;
    [[nodiscard]] std::string requiredText(const char* key) const;
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

    /// Throws Error{corrupt}: "<key> <complaint>".
    [[noreturn]] void refuse(const char* key, const std::string& complaint) const;

private:
    const Json& json_;
    std::filesystem::path file_;
};

} // namespace bwla
