// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

namespace bwla {

/// One writer a folder, among all processes and within one: flock(2) on the folder itself, so that
/// nothing is left behind by a process that is killed. Where the file system cannot lock folders
/// nothing is kept apart.
class FolderLock {
public:
    /// The folder must exist. Throws Error{writeFailed}, at once, where somebody else holds it or
    /// it cannot be opened.
    explicit FolderLock(const std::filesystem::path& folder);
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

private:
    int file_ = -1;
};

} // namespace bwla
