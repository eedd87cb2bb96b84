// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/journal/run_parcel.h"

#include "core/error.h"
#include "core/journal/journal_files.h"
#include "core/journal/latent_code.h"
#include "core/journal/lean_block.h"
#include "core/journal/parcel_pieces.h"
#include "core/model/file_writer.h"
#include "core/model/folder_lock.h"
#include "core/model/mapped_file.h"
#include "core/model/safetensors.h"
#include "kernels/half.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bwla {
namespace {

namespace fs = std::filesystem;
using Metadata = std::map<std::string, std::string>;

constexpr const char *wholeName = "whole.safetensors", *latentsName = "latents",
                     *latentSizesName = "latent_sizes", *parametersName = "parameters",
                     *factorSizesName = "low_rank_sizes";

std::string reportKey(std::int64_t layer) {
    return "report-" + std::to_string(layer);
}

std::string textOf(const fs::path& file) {
    const auto mapped = MappedFile::open(file);
    return {reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size()};
}

/// Of a run that a parcel's metadata has.
std::string textAt(const SafetensorsFile& parcel, const std::string& key) {
    const auto found = parcel.metadata().find(key);
    if (found == parcel.metadata().end())
        throw Error(ErrorCode::corrupt).in(parcel.path().string()).because(key + " is missing");
    return found->second;
}

template<class T>
std::vector<T> valuesOf(const TensorView& view) {
    std::vector<T> values(view.bytes.size() / sizeof(T));
    std::memcpy(values.data(), view.bytes.data(), values.size() * sizeof(T));
    return values;
}

NamedTensor flat(const char* name, DType type, std::span<const std::byte> bytes) {
    return {name,
            type,
            {static_cast<std::int64_t>(bytes.size()) / dtypeBytes(type, 1)},
            {bytes.begin(), bytes.end()}};
}

/// A folder that is not there yet, removed again unless it was kept.
class NewFolder {
public:
    explicit NewFolder(const fs::path& folder) : folder_(madeFolder(folder)) {}
    NewFolder(const NewFolder&) = delete;
    NewFolder& operator=(const NewFolder&) = delete;
    ~NewFolder() {
        if (!kept_)
            removeFlatFolder(folder_);
    }
    void keep() { kept_ = true; }

private:
    fs::path folder_;
    bool kept_ = false;
};

void packRefinement(const SafetensorsFile& state, std::vector<NamedTensor>& tensors,
                    Metadata& metadata) {
    const std::vector<std::int8_t> latents = valuesOf<std::int8_t>(state.at(latentsName));
    const LatentCode code = encodeLatents(latents);
    std::vector<std::uint16_t> parameters;
    for (const float x : valuesOf<float>(state.at(parametersName)))
        parameters.push_back(floatToHalf(x));
    tensors.push_back(flat(latentsName, DType::i8, code.halves));
    std::vector<std::int8_t> sizes;
    for (const auto* part : {&code.least, &code.mean, &code.most})
        sizes.insert(sizes.end(), part->begin(), part->end());
    tensors.push_back(flat(latentSizesName, DType::i8, std::as_bytes(std::span(sizes))));
    tensors.push_back(flat(parametersName, DType::f16, std::as_bytes(std::span(parameters))));
    metadata = state.metadata();
    metadata[latentsName] = std::to_string(latents.size());
}

void packBlocks(const JournalFiles& files, const ModelConfig& config,
                std::vector<NamedTensor>& tensors, Metadata& metadata) {
    std::vector<std::int8_t> factorSizes;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        const auto file = SafetensorsFile::open(files.block(layer));
        LeanBlock block = leanBlock(file, layer, config);
        std::ranges::move(block.tensors, std::back_inserter(tensors));
        std::ranges::copy(block.factorSizes, std::back_inserter(factorSizes));
        if (const auto report = file.metadata().find("report"); report != file.metadata().end())
            metadata[reportKey(layer)] = report->second;
    }
    tensors.push_back(flat(factorSizesName, DType::i8, std::as_bytes(std::span(factorSizes))));
}

std::vector<std::int8_t> latentsOf(const SafetensorsFile& parcel) {
    LatentCode code;
    const std::int64_t count = std::strtoll(textAt(parcel, latentsName).c_str(), nullptr, 10);
    for (const auto& [name, wanted] :
         {std::pair{latentSizesName, 3 * std::ssize(code.least)}, {latentsName, (count + 1) / 2}})
        if (std::ssize(parcel.at(name).bytes) != wanted)
            throw Error(ErrorCode::badShape).in(parcel.path().string()).of(name);
    const auto sizes = valuesOf<std::int8_t>(parcel.at(latentSizesName));
    auto next = sizes.begin();
    for (auto* part : {&code.least, &code.mean, &code.most})
        for (std::int8_t& size : *part)
            size = *next++;
    code.halves = valuesOf<std::byte>(parcel.at(latentsName));
    return decodeLatents(code, count);
}

/// As the refinement keeps its state, but without Adam's moments.
void unpackRefinement(const SafetensorsFile& parcel, std::span<const std::int8_t> latents,
                      const fs::path& file) {
    std::vector<float> parameters;
    for (const std::uint16_t half : valuesOf<std::uint16_t>(parcel.at(parametersName)))
        parameters.push_back(halfToFloat(half));
    const std::string step = textAt(parcel, "step");
    writeSafetensors(file,
                     {flat(latentsName, DType::i8, std::as_bytes(latents)),
                      flat(parametersName, DType::f32, std::as_bytes(std::span(parameters)))},
                     {{"milliseconds", textAt(parcel, "milliseconds")},
                      {"moments_since", step},
                      {"step", step}});
}

void unpackJournal(const SafetensorsFile& parcel, const JournalFiles& files,
                   const ModelConfig& config) {
    const std::vector<std::int8_t> values = latentsOf(parcel);
    const std::vector<std::int8_t> sizes = valuesOf<std::int8_t>(parcel.at(factorSizesName));
    Supply latents(values), factorSizes(sizes);
    for (std::int64_t layer = 0; layer < config.layers; ++layer)
        writeSafetensors(files.block(layer),
                         wholeBlock(parcel, layer, config, latents, factorSizes),
                         {{"report", textAt(parcel, reportKey(layer))}});
    if (!latents.empty() || !factorSizes.empty())
        throw Error(ErrorCode::badShape)
            .in(parcel.path().string())
            .of(latentsName)
            .because("the parcel is another model's");
    unpackRefinement(parcel, values, files.refinement());
    if (parcel.metadata().contains("ranks"))
        writeFile(files.ranks(), textAt(parcel, "ranks"));
    writeFile(files.recipe(), textAt(parcel, "recipe"));
}

} // namespace

RunParcel packRun(const fs::path& out, const fs::path& folder, const ModelConfig& config) {
    if (fs::exists(folder))
        throw Error(ErrorCode::alreadyExists)
            .in(folder.string())
            .because("and a parcel needs a folder of its own");
    const JournalFiles files(out);
    if (!fs::exists(files.refinement()) ||
        !SafetensorsFile::open(files.refinement()).has(latentsName))
        throw Error(ErrorCode::badArgument)
            .because(files.folder().string() +
                     " holds no refinement of signs that was begun. Where "
                     "there is an unfinished run, copy its folder as it "
                     "is.");
    const FolderLock lock(files.folder());
    std::vector<NamedTensor> tensors;
    Metadata metadata;
    packRefinement(SafetensorsFile::open(files.refinement()), tensors, metadata);
    packBlocks(files, config, tensors, metadata);
    metadata["recipe"] = textOf(files.recipe());
    if (fs::exists(files.ranks()))
        metadata["ranks"] = textOf(files.ranks());

    NewFolder parcel(folder);
    const fs::path whole = folder / wholeName;
    writeSafetensors(whole, tensors, metadata);
    RunParcel result{splitFile(whole, folder, parcelPieceBytes),
                     static_cast<std::int64_t>(fs::file_size(whole))};
    fs::remove(whole);
    parcel.keep();
    return result;
}

void unpackRun(const fs::path& folder, const fs::path& out, const ModelConfig& config) {
    const fs::path target = JournalFiles(out).folder();
    if (fs::exists(target))
        throw Error(ErrorCode::journalExists).in(target.string());
    fs::path scratch = target;
    const JournalFiles files(scratch.replace_extension(".unpacking"));
    NewFolder journal(files.folder());
    const fs::path whole = files.folder() / wholeName;
    joinFile(folder, whole);
    unpackJournal(SafetensorsFile::open(whole), files, config);
    fs::remove(whole);
    syncFolder(files.folder());
    fs::rename(files.folder(), target);
    journal.keep();
    syncFolder(target.parent_path());
}

} // namespace bwla
