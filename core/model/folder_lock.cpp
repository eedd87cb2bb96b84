// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/folder_lock.h"

#include "core/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace bwla {

FolderLock::FolderLock(const std::filesystem::path& folder)
    : file_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (file_ < 0)
        throw Error(ErrorCode::writeFailed)
            .in(folder.string())
            .because(std::generic_category().message(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return;
    ::close(file_);
    throw Error(ErrorCode::writeFailed)
        .in(folder.string())
        .because(
            "another run is writing there (wait until it ends, or name another output folder)");
}

FolderLock::~FolderLock() {
    ::close(file_);
}

} // namespace bwla
