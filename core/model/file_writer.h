// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace bwla {

/// Writes a file that is either whole or not there: bytes go to the sibling "<name>.tmp", finish()
/// syncs it and renames it; syncFolder() then makes the name durable. Without finish() the
/// temporary file is removed.
/// Throws Error{diskFull, writeFailed}; `expected` of diskFull = bytes asked for so far.
class FileWriter {
public:
    explicit FileWriter(std::filesystem::path path);
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;
    ~FileWriter();

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
    [[nodiscard]] std::int64_t written() const { return written_; }
    void finish();
    /// The same for a scratch file, which need not survive a crash: unsynced.
    void finishScratch();

private:
    void publish();

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    int file_ = -1;
    std::int64_t written_ = 0;
};

/// Whole and durable when it returns.
void writeFile(const std::filesystem::path& path, std::string_view text);

/// Deletes a folder that holds only files; without complaint where it is not there or not empty.
/// Not std::filesystem::remove_all: libtorch's CUDA wheels carry one of another ABI, which crashes.
void removeFlatFolder(const std::filesystem::path& folder) noexcept;

/// Makes renames and new names in `folder` durable. Throws Error{writeFailed}.
void syncFolder(const std::filesystem::path& folder);

} // namespace bwla
