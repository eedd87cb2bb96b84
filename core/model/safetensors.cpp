// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/safetensors.h"

#include "core/error.h"
#include "core/model/json_text.h"
#include "core/model/mapped_file.h"
#include "core/model/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace bwla {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian");

namespace {

constexpr std::int64_t lengthBytes = 8;
constexpr std::int64_t headerLimit = 100'000'000; // of the format's own library
constexpr std::size_t dimensionLimit = 8;

/// One entry of the header with the byte range it claims, counted from the end of the header.
struct Entry {
    TensorView view;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

class HeaderReader {
public:
    HeaderReader(const std::filesystem::path& path, std::int64_t dataBytes)
        : file_(path.string()), dataBytes_(dataBytes) {}

    [[nodiscard]] Entry entry(const std::string& name, const Json& json) const {
        if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") ||
            !json.contains("data_offsets"))
            refuse(name, "it needs dtype, shape and data_offsets");
        Entry entry;
        entry.view.name = name;
        entry.view.type = type(name, json.at("dtype"));
        entry.view.shape = integers(name, json.at("shape"), "shape");
        const auto range = integers(name, json.at("data_offsets"), "data_offsets");
        if (range.size() != 2 || range[1] < range[0])
            refuse(name, "data_offsets are not a range");
        entry.begin = range[0];
        entry.end = range[1];
        checkSize(entry);
        return entry;
    }

    [[noreturn]] void refuse(const std::string& name, const std::string& complaint) const {
        throw Error(ErrorCode::corrupt).in(file_).of(name).because(complaint);
    }

private:
    [[nodiscard]] DType type(const std::string& name, const Json& json) const {
        if (!json.is_string())
            refuse(name, "dtype is not a text");
        const auto& text = json.get_ref<const std::string&>();
        for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::i8, DType::u32})
            if (text == dtypeName(type))
                return type;
        throw Error(ErrorCode::unsupportedType).in(file_).of(name).because(text);
    }

    [[nodiscard]] std::vector<std::int64_t> integers(const std::string& name, const Json& json,
                                                     const char* what) const {
        if (!json.is_array() || json.size() > dimensionLimit)
            refuse(name, std::string(what) + " is not a short list");
        std::vector<std::int64_t> values;
        for (const Json& item : json) {
            if (!item.is_number_unsigned())
                refuse(name, std::string(what) + " holds something else than sizes");
            const auto value = item.get<std::uint64_t>();
            if (value > INT64_MAX)
                throw Error(ErrorCode::tooLarge)
                    .in(file_)
                    .of(name)
                    .wanted(dataBytes_)
                    .got(INT64_MAX)
                    .because(std::string("a number in ") + what);
            values.push_back(static_cast<std::int64_t>(value));
        }
        return values;
    }

    void checkSize(const Entry& entry) const {
        const auto elements = checkedElements(entry.view.shape);
        if (!elements)
            throw Error(ErrorCode::tooLarge)
                .in(file_)
                .of(entry.view.name)
                .wanted(dataBytes_)
                .got(INT64_MAX)
                .because("an element count");
        const std::int64_t bytes = dtypeBytes(entry.view.type, *elements);
        if (bytes != entry.end - entry.begin)
            refuse(entry.view.name, "shape and dtype make " + std::to_string(bytes) +
                                        " bytes, data_offsets " +
                                        std::to_string(entry.end - entry.begin));
    }

    std::string file_;
    std::int64_t dataBytes_;
};

/// The format wants the tensors' bytes to cover the rest of the file exactly once.
void checkCoverage(std::vector<Entry>& entries, const std::string& file, std::int64_t headerBytes,
                   std::int64_t dataBytes) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::int64_t covered = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != covered)
            throw Error(ErrorCode::corrupt)
                .in(file)
                .of(entry.view.name)
                .at(headerBytes + std::min(entry.begin, dataBytes))
                .because(entry.begin < covered ? "its bytes overlap another tensor's"
                                               : "there is a hole before its bytes");
        covered = entry.end;
        if (covered > dataBytes)
            throw Error(ErrorCode::truncated)
                .in(file)
                .of(entry.view.name)
                .wanted(entry.end - entry.begin)
                .got(dataBytes - entry.begin);
    }
    if (covered < dataBytes)
        throw Error(ErrorCode::corrupt)
            .in(file)
            .at(headerBytes + covered)
            .because("bytes follow the last tensor");
}

std::map<std::string, std::string> readMetadata(const Json& json, const HeaderReader& reader) {
    std::map<std::string, std::string> metadata;
    if (!json.is_object())
        reader.refuse("__metadata__", "it is not an object");
    for (const auto& [key, value] : json.items()) {
        if (!value.is_string())
            reader.refuse("__metadata__", key + " is not a text");
        metadata[key] = value.get<std::string>();
    }
    return metadata;
}

/// Length field and header, checked against the file.
std::int64_t headerEnd(const MappedFile& file, const std::filesystem::path& path) {
    if (file.size() < lengthBytes)
        throw Error(ErrorCode::truncated).in(path.string()).wanted(lengthBytes).got(file.size());
    std::uint64_t length = 0;
    std::memcpy(&length, file.bytes().data(), sizeof length);
    if (length > static_cast<std::uint64_t>(headerLimit))
        throw Error(ErrorCode::tooLarge)
            .in(path.string())
            .at(0)
            .wanted(headerLimit)
            .got(static_cast<std::int64_t>(std::min<std::uint64_t>(length, INT64_MAX)))
            .because("a header length");
    const std::int64_t end = lengthBytes + static_cast<std::int64_t>(length);
    if (file.size() < end)
        throw Error(ErrorCode::truncated).in(path.string()).wanted(end).got(file.size());
    return end;
}

} // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
    SafetensorsFile result;
    result.path_ = path;
    result.file_ = MappedFile::open(path);
    result.headerBytes_ = headerEnd(*result.file_, path);
    const auto bytes = result.file_->bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + lengthBytes,
                                static_cast<std::size_t>(result.headerBytes_ - lengthBytes));
    const Json header = parseJson(text, path, lengthBytes);
    if (!header.is_object())
        throw Error(ErrorCode::corrupt)
            .in(path.string())
            .at(lengthBytes)
            .because("the header is not a JSON object");

    const std::int64_t dataBytes = result.file_->size() - result.headerBytes_;
    const HeaderReader reader(path, dataBytes);
    std::vector<Entry> entries;
    for (const auto& [name, json] : header.items()) {
        if (name == "__metadata__")
            result.metadata_ = readMetadata(json, reader);
        else
            entries.push_back(reader.entry(name, json));
    }
    checkCoverage(entries, path.string(), result.headerBytes_, dataBytes);
    for (Entry& entry : entries) {
        entry.view.bytes =
            bytes.subspan(static_cast<std::size_t>(result.headerBytes_ + entry.begin),
                          static_cast<std::size_t>(entry.end - entry.begin));
        result.tensors_.emplace(entry.view.name, std::move(entry.view));
    }
    return result;
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
        throw Error(ErrorCode::missingTensor).in(path_.string()).of(name);
    return found->second;
}

} // namespace bwla
