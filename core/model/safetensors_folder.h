// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/safetensors.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace bwla {

/// The tensors of a folder: model.safetensors, or the shards that model.safetensors.index.json
/// lists ({"weight_map": {tensor: file}}), seen as one.
class SafetensorsFolder {
public:
    /// Throws Error{notAModel} where there are no safetensors, Error{notFound} for a missing shard,
    /// Error{missingTensor} for a tensor that is not in the shard named for it, Error{corrupt}, and
    /// what SafetensorsFile::open throws.
    [[nodiscard]] static SafetensorsFolder open(const std::filesystem::path& folder);

    [[nodiscard]] const std::vector<SafetensorsFile>& files() const { return files_; }
    /// Index of the file that holds each tensor.
    [[nodiscard]] const std::map<std::string, std::size_t>& holders() const { return holders_; }

private:
    std::vector<SafetensorsFile> files_;
    std::map<std::string, std::size_t> holders_;
};

} // namespace bwla
