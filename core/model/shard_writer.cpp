// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/shard_writer.h"

#include "core/model/hash128.h"
#include "core/model/json_text.h"
#include "core/model/mapped_file.h"

#include <array>
#include <cstdio>

namespace bwla {
namespace {

namespace fs = std::filesystem;

constexpr const char* dataName = "tensors.data";

std::string shardName(std::size_t shard, std::size_t count) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "model-%05zu-of-%05zu.safetensors", shard + 1, count);
    return text.data();
}

} // namespace

fs::path ShardWriter::numbered(std::size_t shard) const {
    return folder_ / ("shard-" + std::to_string(shard));
}

void ShardWriter::add(const std::vector<NamedTensor>& tensors) {
    std::int64_t bytes = 0;
    for (const NamedTensor& tensor : tensors)
        bytes += static_cast<std::int64_t>(tensor.bytes.size());
    if (data_ && data_->written() + bytes > limit_)
        closeShard();
    if (!data_) {
        data_ = std::make_unique<FileWriter>(folder_ / dataName);
        shards_.emplace_back();
    }
    for (const NamedTensor& tensor : tensors) {
        data_->write(tensor.bytes);
        shards_.back().push_back({tensor.name, tensor.type, tensor.shape,
                                  static_cast<std::int64_t>(tensor.bytes.size())});
        hashes_[tensor.name] = hash128(tensor.bytes);
    }
    total_ += bytes;
}

void ShardWriter::closeShard() {
    data_->finishScratch();
    data_.reset();
    {
        const auto data = MappedFile::open(folder_ / dataName);
        FileWriter writer(numbered(shards_.size() - 1));
        writer.write(safetensorsHeader(shards_.back(), {{"format", "pt"}}));
        writer.write(data->bytes());
        writer.finish();
    }
    fs::remove(folder_ / dataName);
}

void ShardWriter::finish() {
    if (data_)
        closeShard();
    if (shards_.size() == 1) {
        fs::rename(numbered(0), folder_ / "model.safetensors");
        return;
    }
    for (std::size_t i = 0; i < shards_.size(); ++i)
        fs::rename(numbered(i), folder_ / shardName(i, shards_.size()));
    writeIndex();
}

void ShardWriter::writeIndex() const {
    Json map = Json::object();
    for (std::size_t i = 0; i < shards_.size(); ++i)
        for (const TensorEntry& entry : shards_[i])
            map[entry.name] = shardName(i, shards_.size());
    FileWriter index(folder_ / "model.safetensors.index.json");
    index.write(prettyJson({{"metadata", {{"total_size", total_}}}, {"weight_map", map}}));
    index.finish();
}

} // namespace bwla
