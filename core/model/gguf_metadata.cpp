// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/gguf_metadata.h"

#include "core/model/json_text.h"

namespace bwla {
namespace {

// Far above any real file, far below what could exhaust memory. ggml-org's largest vocabularies
// have 262,144 tokens; the longest texts are chat templates of some 20 kB.
constexpr std::int64_t keyLimit = 65'535;
constexpr std::int64_t textLimit = 1 << 26;
constexpr std::int64_t arrayLimit = 1 << 24;

// Value types of the format: ggml, docs/gguf.md, "gguf_metadata_value_type".
enum Type : std::uint32_t {
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    f32,
    boolean_,
    text_,
    array_,
    u64,
    i64,
    f64,
};

/// Bytes a value needs at least, 0 for an unknown type.
std::int64_t typeBytes(std::uint32_t type) {
    static constexpr std::int64_t bytes[]{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
    return type < std::size(bytes) ? bytes[type] : 0;
}

std::int64_t readInteger(ByteReader& reader, std::uint32_t type) {
    switch (type) {
    case u8:
        return reader.read<std::uint8_t>();
    case i8:
        return reader.read<std::int8_t>();
    case u16:
        return reader.read<std::uint16_t>();
    case i16:
        return reader.read<std::int16_t>();
    case u32:
        return reader.read<std::uint32_t>();
    case i32:
        return reader.read<std::int32_t>();
    case u64:
        return reader.count("an integer of the metadata", INT64_MAX);
    default:
        return reader.read<std::int64_t>();
    }
}

bool readBoolean(ByteReader& reader) {
    const std::int64_t at = reader.position();
    const auto value = reader.read<std::uint8_t>();
    if (value > 1)
        reader.refuse("a truth value is neither 0 nor 1", at);
    return value == 1;
}

double readFloat(ByteReader& reader, std::uint32_t type) {
    return type == f32 ? double{reader.read<float>()} : reader.read<double>();
}

/// Texts reach JSON, the screen and error messages: the format says UTF-8, and it is held to that.
std::string_view readUtf8(ByteReader& reader, const char* what, std::int64_t limit) {
    const std::int64_t at = reader.position();
    const std::string_view text = reader.text(what, limit);
    if (!isUtf8(text))
        reader.refuse("a text is not UTF-8", at);
    return text;
}

std::string_view readText(ByteReader& reader) {
    return readUtf8(reader, "a text length", textLimit);
}

template<class T, class Read>
std::vector<T> readMany(std::int64_t count, Read read) {
    std::vector<T> values;
    values.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        values.push_back(read());
    return values;
}

} // namespace

GgufMetadata::GgufMetadata(ByteReader& reader, std::int64_t count) : file_(reader.file()) {
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t at = reader.position();
        const std::string key(readUtf8(reader, "the length of a metadata key", keyLimit));
        const auto type = reader.read<std::uint32_t>();
        if (!values_.emplace(key, readValue(reader, type)).second)
            reader.refuse("the metadata key " + key + " is given twice", at);
    }
}

GgufMetadata::Value GgufMetadata::readValue(ByteReader& reader, std::uint32_t type) {
    switch (type) {
    case f32:
    case f64:
        return readFloat(reader, type);
    case boolean_:
        return readBoolean(reader);
    case text_:
        return readText(reader);
    case array_:
        return readArray(reader);
    default:
        if (typeBytes(type) == 0)
            reader.refuse("the metadata value type " + std::to_string(type) + " does not exist",
                          reader.position() - 4);
        return readInteger(reader, type);
    }
}

GgufMetadata::Value GgufMetadata::readArray(ByteReader& reader) {
    const std::int64_t at = reader.position();
    const auto type = reader.read<std::uint32_t>();
    if (typeBytes(type) == 0 || type == array_) // no writer nests lists, and ggml reads none
        reader.refuse("a list has elements of type " + std::to_string(type), at);
    const std::int64_t count = reader.count("a list length", arrayLimit);
    reader.expect(count * typeBytes(type));
    switch (type) {
    case f32:
    case f64:
        return readMany<double>(count, [&] { return readFloat(reader, type); });
    case boolean_:
        return readMany<bool>(count, [&] { return readBoolean(reader); });
    case text_:
        return readMany<std::string_view>(count, [&] { return readText(reader); });
    default:
        return readMany<std::int64_t>(count, [&] { return readInteger(reader, type); });
    }
}

template<class T>
const T* GgufMetadata::get(const std::string& key, const char* kind) const {
    const auto found = values_.find(key);
    if (found == values_.end())
        return nullptr;
    const T* value = std::get_if<T>(&found->second);
    if (value == nullptr)
        throw Error(ErrorCode::corrupt)
            .in(file_)
            .because("the metadata key " + key + " is not " + kind);
    return value;
}

std::optional<bool> GgufMetadata::boolean(const std::string& key) const {
    const bool* value = get<bool>(key, "a truth value");
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<std::int64_t> GgufMetadata::integer(const std::string& key) const {
    const auto* value = get<std::int64_t>(key, "an integer");
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<double> GgufMetadata::number(const std::string& key) const {
    const auto found = values_.find(key);
    if (found != values_.end() && std::holds_alternative<std::int64_t>(found->second))
        return static_cast<double>(std::get<std::int64_t>(found->second));
    const double* value = get<double>(key, "a number");
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<std::string> GgufMetadata::text(const std::string& key) const {
    const auto* value = get<std::string_view>(key, "a text");
    return value == nullptr ? std::nullopt : std::optional(std::string(*value));
}

const std::vector<std::string_view>& GgufMetadata::texts(const std::string& key) const {
    static const std::vector<std::string_view> none;
    const auto* value = get<std::vector<std::string_view>>(key, "a list of texts");
    return value == nullptr ? none : *value;
}

const std::vector<std::int64_t>& GgufMetadata::integers(const std::string& key) const {
    static const std::vector<std::int64_t> none;
    const auto* value = get<std::vector<std::int64_t>>(key, "a list of integers");
    return value == nullptr ? none : *value;
}

} // namespace bwla
