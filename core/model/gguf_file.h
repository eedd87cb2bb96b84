// SPDX-License-Identifier: GPL-3.0-or-later
//
// GGUF version 3, little-endian (ggml, docs/gguf.md): "GGUF", version, tensor count, pair count;
// the pairs; per tensor a name, its sides (fastest first), a type and an offset; padding to
// general.alignment; the tensors' bytes, each padded to the alignment.
#pragma once

#include "core/model/gguf_metadata.h"
#include "core/model/tensor_view.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace bwla {

class MappedFile;

/// One GGUF file, memory-mapped and checked strictly: limits on every count, unique names, offsets
/// that follow one another without overlap or hole. Names and row order are those of the file.
class GgufFile {
public:
    /// True where the file begins with the letters GGUF.
    [[nodiscard]] static bool looksLike(const std::filesystem::path& path);
    /// Throws Error{notFound, notAModel, truncated, corrupt, tooLarge, unsupportedType,
    /// unsupportedVersion}.
    [[nodiscard]] static GgufFile open(const std::filesystem::path& path);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const GgufMetadata& metadata() const { return metadata_; }
    [[nodiscard]] const std::map<std::string, TensorView>& tensors() const { return tensors_; }
    [[nodiscard]] bool has(const std::string& name) const { return tensors_.contains(name); }
    /// Throws Error{missingTensor}.
    [[nodiscard]] const TensorView& at(const std::string& name) const;

private:
    std::filesystem::path path_;
    std::shared_ptr<const MappedFile> file_;
    GgufMetadata metadata_;
    std::map<std::string, TensorView> tensors_;
};

} // namespace bwla
