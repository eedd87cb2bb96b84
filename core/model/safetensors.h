// SPDX-License-Identifier: GPL-3.0-or-later
//
// safetensors: 8-byte little-endian header length, JSON header {name: {dtype, shape,
// data_offsets}}, then the tensors' bytes without holes (format description in the README of
// huggingface/safetensors).
#pragma once

#include "core/model/tensor_view.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

class MappedFile;

/// A tensor to be written, with its own bytes.
struct NamedTensor {
    std::string name;
    DType type = DType::f32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
};

/// One safetensors file, memory-mapped and checked strictly: header at most 100 MB, unique names,
/// offsets without overlap or hole that cover the file, shape times type equal to the byte range.
class SafetensorsFile {
public:
    /// Throws Error{notFound, truncated, corrupt, tooLarge, unsupportedType}.
    [[nodiscard]] static SafetensorsFile open(const std::filesystem::path& path);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] bool has(const std::string& name) const { return tensors_.contains(name); }
    /// Throws Error{missingTensor}.
    [[nodiscard]] const TensorView& at(const std::string& name) const;
    [[nodiscard]] const std::map<std::string, TensorView>& tensors() const { return tensors_; }
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
    /// Bytes before the first tensor: length field and header.
    [[nodiscard]] std::int64_t headerBytes() const { return headerBytes_; }

private:
    std::filesystem::path path_;
    std::shared_ptr<const MappedFile> file_;
    std::map<std::string, TensorView> tensors_;
    std::map<std::string, std::string> metadata_;
    std::int64_t headerBytes_ = 0;
};

/// Writes to a sibling temporary name, syncs, renames: `path` is whole or not there. Tensors in the
/// order given, keys of the header sorted, so equal input gives equal bytes.
/// Throws Error{writeFailed, diskFull}.
void writeSafetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

} // namespace bwla
