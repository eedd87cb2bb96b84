// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/gguf_file.h"

#include "core/model/json_text.h"
#include "core/model/mapped_file.h"

#include <algorithm>
#include <array>

namespace bwla {
namespace {

constexpr std::string_view magic = "GGUF";
constexpr std::uint32_t version = 3;
constexpr std::int64_t tensorLimit = 100'000; // the largest dense models have a few thousand
constexpr std::int64_t pairLimit = 65'536;
constexpr std::int64_t nameLimit = 1024;
constexpr std::uint32_t sideLimit = 4;
constexpr std::int64_t alignmentLimit = 1 << 20;
constexpr std::int64_t smallestPair = 8 + 4 + 1;          // key length, type, one byte
constexpr std::int64_t smallestEntry = 8 + 4 + 8 + 4 + 8; // name length, sides, type, offset

struct Entry {
    TensorView view;
    std::int64_t offset = 0; ///< from the start of the data
    std::int64_t bytes = 0;
};

// ggml_type in ggml/include/ggml.h; gaps are types that were removed again.
constexpr std::array<const char*, 43> typeNames{
    "F32",   "F16",        "Q4_0",       "Q4_1",       "Q4_2",     "Q4_3",     "Q5_0",
    "Q5_1",  "Q8_0",       "Q8_1",       "Q2_K",       "Q3_K",     "Q4_K",     "Q5_K",
    "Q6_K",  "Q8_K",       "IQ2_XXS",    "IQ2_XS",     "IQ3_XXS",  "IQ1_S",    "IQ4_NL",
    "IQ3_S", "IQ2_S",      "IQ4_XS",     "I8",         "I16",      "I32",      "I64",
    "F64",   "IQ1_M",      "BF16",       "Q4_0_4_4",   "Q4_0_4_8", "Q4_0_8_8", "TQ1_0",
    "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4",    "NVFP4",    "Q1_0",
    "Q2_0"};

DType tensorType(std::uint32_t type, const std::string& name, const std::string& file) {
    const std::string text =
        type < typeNames.size() ? typeNames[type] : "ggml type " + std::to_string(type);
    for (const DType known :
         {DType::f32, DType::f16, DType::bf16, DType::q8_0, DType::q4_0, DType::q4_1})
        if (text == dtypeName(known))
            return known;
    throw Error(ErrorCode::unsupportedType).in(file).of(name).because(text);
}

std::vector<std::int64_t> readShape(ByteReader& reader, const std::string& name) {
    const std::int64_t at = reader.position();
    const auto sides = reader.read<std::uint32_t>();
    if (sides == 0)
        reader.refuse("the tensor " + name + " has no dimensions", at);
    if (sides > sideLimit)
        throw Error(ErrorCode::tooLarge)
            .in(reader.file())
            .of(name)
            .at(at)
            .wanted(sideLimit)
            .got(sides)
            .because("a dimension count");
    std::vector<std::int64_t> shape(sides);
    for (std::int64_t& side : shape)
        side = reader.count("a tensor dimension", INT64_MAX);
    std::reverse(shape.begin(), shape.end()); // the file gives the fastest side first
    return shape;
}

Entry readEntry(ByteReader& reader, std::int64_t alignment) {
    const std::int64_t at = reader.position();
    Entry entry;
    TensorView& view = entry.view;
    view.name = reader.text("the length of a tensor name", nameLimit);
    if (!isUtf8(view.name))
        reader.refuse("a tensor name is not UTF-8", at);
    view.shape = readShape(reader, view.name);
    view.type = tensorType(reader.read<std::uint32_t>(), view.name, reader.file());
    entry.offset = reader.count("a tensor offset", INT64_MAX);

    const auto elements = checkedElements(view.shape);
    if (!elements)
        throw Error(ErrorCode::tooLarge)
            .in(reader.file())
            .of(view.name)
            .at(at)
            .wanted(reader.remaining())
            .got(INT64_MAX)
            .because("an element count");
    const auto refuse = [&](const std::string& complaint) {
        throw Error(ErrorCode::corrupt).in(reader.file()).of(view.name).at(at).because(complaint);
    };
    if (*elements == 0)
        refuse("it has no elements");
    if (view.shape.back() % dtypeBlock(view.type) != 0)
        refuse("its rows are no whole blocks of " + std::string(dtypeName(view.type)));
    if (entry.offset % alignment != 0)
        refuse("its offset is not aligned");
    entry.bytes = dtypeBytes(view.type, *elements);
    return entry;
}

std::int64_t aligned(std::int64_t value, std::int64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

/// Writers lay tensors out one after the other, each padded to the alignment; anything else is an
/// overlap or a hole.
void checkCoverage(std::vector<Entry>& entries, const ByteReader& reader, std::int64_t dataStart,
                   std::int64_t fileBytes, std::int64_t alignment) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.offset < b.offset; });
    std::int64_t end = 0;
    for (const Entry& entry : entries) {
        const std::int64_t start = aligned(end, alignment);
        if (entry.offset != start)
            throw Error(ErrorCode::corrupt)
                .in(reader.file())
                .of(entry.view.name)
                .because(entry.offset < start ? "its bytes overlap another tensor's"
                                              : "there is a hole before its bytes");
        const std::int64_t there = fileBytes - dataStart - entry.offset;
        if (there < entry.bytes)
            throw Error(ErrorCode::truncated)
                .in(reader.file())
                .of(entry.view.name)
                .wanted(entry.bytes)
                .got(std::max<std::int64_t>(there, 0));
        end = entry.offset + entry.bytes;
    }
    if (fileBytes > dataStart + aligned(end, alignment))
        reader.refuse("bytes follow the last tensor", dataStart + end);
}

std::int64_t readAlignment(const GgufMetadata& metadata, const ByteReader& reader) {
    const std::int64_t alignment = metadata.integer("general.alignment").value_or(32);
    if (alignment < 1 || alignment > alignmentLimit || (alignment & (alignment - 1)) != 0)
        reader.refuse(
            "general.alignment of " + std::to_string(alignment) + " is not a power of two", -1);
    return alignment;
}

void checkVersion(std::uint32_t found, const std::string& file) {
    if (found == __builtin_bswap32(version))
        throw Error(ErrorCode::notAModel).in(file).because("a big-endian GGUF file");
    if (found != version)
        throw Error(ErrorCode::unsupportedVersion).in(file).wanted(version).got(found);
}

} // namespace

bool GgufFile::looksLike(const std::filesystem::path& path) {
    const auto file = MappedFile::open(path);
    return file->size() >= static_cast<std::int64_t>(magic.size()) &&
           std::memcmp(file->bytes().data(), magic.data(), magic.size()) == 0;
}

GgufFile GgufFile::open(const std::filesystem::path& path) {
    if (!looksLike(path))
        throw Error(ErrorCode::notAModel).in(path.string());
    GgufFile result;
    result.path_ = path;
    result.file_ = MappedFile::open(path);
    ByteReader reader(result.file_->bytes(), path.string());
    reader.expect(24);
    (void)reader.read<std::uint32_t>(); // the magic
    checkVersion(reader.read<std::uint32_t>(), reader.file());
    const std::int64_t tensorCount = reader.count("a tensor count", tensorLimit);
    const std::int64_t pairCount = reader.count("a metadata count", pairLimit);
    reader.expect(pairCount * smallestPair + tensorCount * smallestEntry);
    result.metadata_ = GgufMetadata(reader, pairCount);

    const std::int64_t alignment = readAlignment(result.metadata_, reader);
    reader.expect(tensorCount * smallestEntry);
    std::vector<Entry> entries;
    for (std::int64_t i = 0; i < tensorCount; ++i)
        entries.push_back(readEntry(reader, alignment));
    const std::int64_t dataStart = aligned(reader.position(), alignment);
    checkCoverage(entries, reader, dataStart, result.file_->size(), alignment);
    for (Entry& entry : entries) {
        entry.view.bytes =
            result.file_->bytes().subspan(static_cast<std::size_t>(dataStart + entry.offset),
                                          static_cast<std::size_t>(entry.bytes));
        const std::string name = entry.view.name;
        if (!result.tensors_.emplace(name, std::move(entry.view)).second)
            throw Error(ErrorCode::corrupt)
                .in(path.string())
                .of(name)
                .because("the name is given twice");
    }
    return result;
}

const TensorView& GgufFile::at(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
        throw Error(ErrorCode::missingTensor).in(path_.string()).of(name);
    return found->second;
}

} // namespace bwla
