// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/safetensors_folder.h"

#include "core/error.h"
#include "core/model/json_text.h"
#include "core/model/mapped_file.h"

namespace bwla {
namespace {

namespace fs = std::filesystem;

constexpr const char* singleName = "model.safetensors";
constexpr const char* indexName = "model.safetensors.index.json";

[[noreturn]] void refuseFolder(const fs::path& folder) {
    const bool pickled =
        isThere(folder / "pytorch_model.bin") || isThere(folder / "pytorch_model.bin.index.json");
    throw Error(ErrorCode::notAModel)
        .in(folder.string())
        .because(pickled ? "its weights are PyTorch pickles, not safetensors"
                         : "the folder has no safetensors file");
}

/// Tensor to shard name. A name may not lead out of the folder.
std::map<std::string, std::string> readIndex(const fs::path& file) {
    const Json json = readJson(file);
    const JsonObject index(json, file);
    const Json* weights = index.find("weight_map");
    if (weights == nullptr || !weights->is_object())
        index.refuse("weight_map", "is missing");
    std::map<std::string, std::string> shards;
    for (const auto& [tensor, shard] : weights->items()) {
        if (!shard.is_string())
            index.refuse("weight_map", "names no file for " + tensor);
        const fs::path name = shard.get<std::string>();
        if (name.filename() != name || name == ".." || name.empty())
            index.refuse("weight_map", "leads out of the folder");
        shards[tensor] = name.string();
    }
    return shards;
}

} // namespace

SafetensorsFolder SafetensorsFolder::open(const fs::path& folder) {
    SafetensorsFolder result;
    if (!isThere(folder / indexName)) {
        if (!isThere(folder / singleName))
            refuseFolder(folder);
        result.files_.push_back(SafetensorsFile::open(folder / singleName));
        for (const auto& [name, view] : result.files_.front().tensors())
            result.holders_[name] = 0;
        return result;
    }
    std::map<std::string, std::size_t> opened;
    for (const auto& [tensor, shard] : readIndex(folder / indexName)) {
        const auto [place, fresh] = opened.emplace(shard, result.files_.size());
        if (fresh)
            result.files_.push_back(SafetensorsFile::open(folder / shard));
        (void)result.files_[place->second].at(tensor);
        result.holders_[tensor] = place->second;
    }
    return result;
}

} // namespace bwla
