// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace bwla {

/// A regular file mapped read-only for as long as the object lives. Whoever writes model files
/// renames over them (FileWriter), so a mapped file keeps its bytes.
class MappedFile {
public:
    /// Throws Error{notFound} with the system's reason, also for folders, pipes and devices.
    [[nodiscard]] static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }

private:
    explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::span<const std::byte> bytes_;
};

/// False also where the system does not let one look; opening then says why.
[[nodiscard]] bool isThere(const std::filesystem::path& path) noexcept;

/// Last part of a folder's name, for "model/" and "." as well.
[[nodiscard]] std::string folderName(const std::filesystem::path& folder);

} // namespace bwla
