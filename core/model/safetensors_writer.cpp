// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/file_writer.h"
#include "core/model/json_text.h"
#include "core/model/safetensors.h"
#include "core/model/safetensors_header.h"

#include <cstring>

namespace bwla {

std::string safetensorsHeader(std::span<const TensorEntry> entries,
                              const std::map<std::string, std::string>& metadata) {
    Json header = Json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    std::int64_t offset = 0;
    for (const TensorEntry& entry : entries) {
        header[entry.name] = {{"dtype", dtypeName(entry.type)},
                              {"shape", entry.shape},
                              {"data_offsets", {offset, offset + entry.bytes}}};
        offset += entry.bytes;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();
    std::string result(sizeof length, '\0');
    std::memcpy(result.data(), &length, sizeof length);
    return result + text;
}

void writeSafetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
    std::vector<TensorEntry> entries;
    for (const NamedTensor& tensor : tensors)
        entries.push_back({tensor.name, tensor.type, tensor.shape,
                           static_cast<std::int64_t>(tensor.bytes.size())});
    FileWriter writer(path);
    writer.write(safetensorsHeader(entries, metadata));
    for (const NamedTensor& tensor : tensors)
        writer.write(tensor.bytes);
    writer.finish();
    syncFolder(path.parent_path());
}

} // namespace bwla
