// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/open_model.h"

#include <filesystem>

namespace bwla {

namespace fs = std::filesystem;

OpenModel::OpenModel(const std::string& path) : path_(path) {
    if (Artifact::isArtifact(path))
        artifact_ = Artifact::open(path);
    else
        source_ = ModelSource::open(path);
}

const ModelConfig& OpenModel::config() const {
    return artifact_ ? artifact_->config() : source_->config();
}

TokenizerData OpenModel::tokenizer() const {
    return artifact_ ? artifact_->tokenizer() : source_->tokenizer();
}

std::string OpenModel::name() const {
    const fs::path path = fs::path(path_).lexically_normal();
    const fs::path last = (path.has_filename() ? path : path.parent_path()).filename();
    return (last.extension() == ".gguf" ? last.stem() : last).string();
}

std::int64_t OpenModel::fileBytes() const {
    if (artifact_)
        return artifact_->fileBytes();
    if (!fs::is_directory(path_))
        return static_cast<std::int64_t>(fs::file_size(path_));
    std::int64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(path_))
        if (entry.is_regular_file() && entry.path().extension() == ".safetensors")
            bytes += static_cast<std::int64_t>(entry.file_size());
    return bytes;
}

const ModelWeights& OpenModel::weights(WeightKind kind) {
    if (artifact_)
        return *artifact_;
    if (!floatWeights_)
        floatWeights_ = floatWeights(*source_, kind);
    return *floatWeights_;
}

} // namespace bwla
