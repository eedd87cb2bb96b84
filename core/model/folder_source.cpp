// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/folder_source.h"

#include "core/error.h"
#include "core/model/folder_tokenizer.h"
#include "core/model/llama_config.h"
#include "core/model/mapped_file.h"
#include "core/model/tensor_names.h"

#include <filesystem>

namespace bwla {
namespace {

namespace fs = std::filesystem;

/// Before the tensors are opened: what the folder is decides which complaint helps.
ModelConfig readConfig(const Json& json, const fs::path& folder) {
    const fs::path file = folder / "config.json";
    if (!json.is_object())
        throw Error(ErrorCode::notAModel)
            .in(folder.string())
            .because("its config.json is no JSON object");
    ModelConfig config = llamaConfig(JsonObject(json, file));
    if (config.name.empty())
        config.name = folderName(folder);
    return config;
}

} // namespace

FolderSource::FolderSource(const fs::path& folder)
    : TensorSource(folder), configJson_(readJson(folder / "config.json")) {
    config_ = readConfig(configJson_, folder);
    files_ = SafetensorsFolder::open(folder);
    for (const auto& [name, file] : files_.holders())
        tensors_.emplace(name, files_.files()[file].at(name));
    if (has(layerPrefix(0) + "self_attn.q_proj.bias") || has(layerPrefix(0) + "mlp.up_proj.bias"))
        throw Error(ErrorCode::unsupportedFamily).in(folder.string()).because("llama with biases");
    checkTensors();
}

TokenizerData FolderSource::tokenizer() const {
    return folderTokenizer(path_, configJson_);
}

std::string FolderSource::configJson() const {
    return configJson_.dump();
}

std::vector<std::pair<std::string, std::string>> FolderSource::companionFiles() const {
    return folderCompanions(path_);
}

} // namespace bwla
