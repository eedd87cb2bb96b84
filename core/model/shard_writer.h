// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/file_writer.h"
#include "core/model/safetensors.h"
#include "core/model/safetensors_header.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

/// Writes tensors that arrive piece by piece to model.safetensors, or to model-00001-of-0000N
/// .safetensors with an index where they exceed `limit` bytes. A safetensors header comes first
/// and is known last, so the bytes of a file wait in a sibling until it is complete.
/// The folder itself is left for the caller to sync. Throws Error{writeFailed, diskFull}.
class ShardWriter {
public:
    ShardWriter(std::filesystem::path folder, std::int64_t limit)
        : folder_(std::move(folder)), limit_(limit) {}

    /// These tensors stay together in one file.
    void add(const std::vector<NamedTensor>& tensors);
    void finish();

    [[nodiscard]] const std::map<std::string, std::string>& hashes() const { return hashes_; }

private:
    void closeShard();
    void writeIndex() const;
    [[nodiscard]] std::filesystem::path numbered(std::size_t shard) const;

    std::filesystem::path folder_;
    std::int64_t limit_;
    std::unique_ptr<FileWriter> data_; ///< of the open shard
    std::vector<std::vector<TensorEntry>> shards_;
    std::int64_t total_ = 0;
    std::map<std::string, std::string> hashes_;
};

} // namespace bwla
