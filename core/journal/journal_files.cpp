// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/journal/journal_files.h"

#include "core/error.h"

#include <cstdio>
#include <system_error>
#include <utility>

namespace bwla {

JournalFiles::JournalFiles(const std::filesystem::path& out)
    // "OUT/" names the same folder as "OUT".
    : folder_(out.has_filename() ? out : out.parent_path()) {
    folder_ += ".partial";
}

std::filesystem::path JournalFiles::block(std::int64_t layer) const {
    char name[40];
    std::snprintf(name, sizeof name, "block-%05d.safetensors", static_cast<int>(layer));
    return folder_ / name;
}

std::filesystem::path madeFolder(std::filesystem::path folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error(error == std::errc::no_space_on_device ? ErrorCode::diskFull
                                                           : ErrorCode::writeFailed)
            .in(folder.string())
            .because(error.message());
    return folder;
}

} // namespace bwla
