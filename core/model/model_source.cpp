// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/model_source.h"

#include "core/error.h"
#include "core/model/folder_source.h"
#include "core/model/gguf_source.h"
#include "core/model/mapped_file.h"

namespace bwla {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
    throw Error(ErrorCode::notAModel).in(path.string()).because(reason);
}

} // namespace

std::unique_ptr<ModelSource> ModelSource::open(const fs::path& path) {
    std::error_code failure;
    if (fs::is_directory(path, failure)) {
        if (!fs::exists(fs::status(path / "config.json", failure))) {
            if (failure == std::errc::permission_denied)
                throw Error(ErrorCode::notFound).in(path.string()).because(failure.message());
            refuse(path, "the folder has no config.json");
        }
        return std::make_unique<FolderSource>(path);
    }
    if (MappedFile::open(path)->bytes().empty())
        refuse(path, "the file is empty");
    if (GgufFile::looksLike(path))
        return std::make_unique<GgufSource>(path);
    if (path.extension() == ".safetensors" || path.filename() == "config.json")
        refuse(path, "it is one file of a model; choose the folder it is in");
    refuse(path, "its content is not GGUF");
}

} // namespace bwla
