// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>

namespace bwla {

/// Where an unfinished run of output folder OUT keeps what (docs/format.md, the journal).
class JournalFiles {
public:
    explicit JournalFiles(const std::filesystem::path& out);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; } ///< OUT.partial
    [[nodiscard]] std::filesystem::path recipe() const { return folder_ / "recipe.json"; }
    [[nodiscard]] std::filesystem::path ranks() const { return folder_ / "ranks.json"; }
    [[nodiscard]] std::filesystem::path block(std::int64_t layer) const;
    [[nodiscard]] std::filesystem::path refinement() const {
        return folder_ / "refinement.safetensors";
    }

private:
    std::filesystem::path folder_;
};

/// The folder, which is there now. Throws Error{writeFailed, diskFull}.
[[nodiscard]] std::filesystem::path madeFolder(std::filesystem::path folder);

} // namespace bwla
